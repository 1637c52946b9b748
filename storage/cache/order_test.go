package cache_test

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/waltz-oauth/waltz/storage/cache"
	"github.com/waltz-oauth/waltz/storage/memstore"
	"github.com/waltz-oauth/waltz/token"
)

// shelf is a backend that keeps what it is given, whatever the lease.
type shelf struct {
	mu       sync.Mutex
	values   map[string][]byte
	dropping func() error // called before a drop, which its error prevents
}

// onDrop sets what is called before a drop.
func (s *shelf) onDrop(f func() error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dropping = f
}

func (s *shelf) Get(ctx context.Context, key string) ([]byte, cache.Lease, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.values[key], "lease", ctx.Err()
}

func (s *shelf) Fill(_ context.Context, key string, _ cache.Lease, value []byte, _ time.Duration) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.values == nil {
		s.values = make(map[string][]byte)
	}
	s.values[key] = value
	return true, nil
}

func (s *shelf) Drop(ctx context.Context, key string) error {
	s.mu.Lock()
	before := s.dropping
	s.mu.Unlock()
	if before != nil {
		if err := before(); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.values, key)
	return nil
}

// busy is a storage whose writes take a while, in which others read.
type busy struct {
	*memstore.Storage

	during func()
}

func (b *busy) Set(ctx context.Context, key token.Key, r token.Record) error {
	b.during()
	defer b.during()
	return b.Storage.Set(ctx, key, r)
}

func (b *busy) Delete(ctx context.Context, key token.Key) error {
	b.during()
	defer b.during()
	return b.Storage.Delete(ctx, key)
}

func (b *busy) Swap(ctx context.Context, key token.Key, old token.Version, r token.Record) (token.Version, error) {
	b.during()
	defer b.during()
	return b.Storage.Swap(ctx, key, old, r)
}

func TestWhatIsReadDuringAWriteIsDroppedAfterIt(t *testing.T) {
	t.Parallel()
	next := &busy{Storage: memstore.New()}
	s := open(t, cache.Config{Next: next, Backend: new(shelf)})
	next.during = func() { current(t, s, alice()) }
	set(t, s, 1)
	wants(t, s, 1)
	set(t, s, 2)
	wants(t, s, 2)
	r, err := s.Load(t.Context(), alice())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Swap(t.Context(), alice(), r.Version, record(3)); err != nil {
		t.Fatal(err)
	}
	wants(t, s, 3)
	if err := s.Delete(t.Context(), alice()); err != nil {
		t.Fatal(err)
	}
	wants(t, s, 0)
}

// overShelf is processes with a backend.
func overShelf(t *testing.T, p token.Storage, b *shelf, h *hub) (a, other *cache.Storage) {
	t.Helper()
	c := cache.Config{Next: p, Backend: b, Bus: h, TTL: time.Hour, SharedTTL: time.Hour, Logger: slog.New(slog.DiscardHandler)}
	a, other = open(t, c), open(t, c)
	for _, s := range []*cache.Storage{a, other} {
		go s.Run(t.Context())
	}
	synctest.Wait()
	return a, other
}

// Somebody who reads while the backend is being dropped may find the old token there, but nobody keeps
// it: memory, one's own and others', is dropped after the backend.
func TestBackendIsDroppedBeforeMemory(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := new(shelf)
		a, other := overShelf(t, newPlain(), b, new(hub))
		set(t, a, 1)
		wants(t, a, 1)
		wants(t, other, 1)
		b.onDrop(func() error {
			synctest.Wait()
			wants(t, a, 1)
			wants(t, other, 1)
			return nil
		})
		set(t, a, 2)
		b.onDrop(nil)
		synctest.Wait()
		wants(t, a, 2)
		wants(t, other, 2)
	})
}

// While a drop is owed others find the old token in the backend. When it is made up for they are told
// again.
func TestOthersAreToldAgainWhenTheBackendIsDroppedLate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := new(shelf)
		a, other := overShelf(t, newPlain(), b, new(hub))
		set(t, a, 1)
		wants(t, other, 1)
		b.onDrop(func() error { return errCut })
		set(t, a, 2)
		synctest.Wait()
		wants(t, a, 2)
		wants(t, other, 1)
		b.onDrop(nil)
		time.Sleep(3 * time.Second)
		wants(t, other, 2)
	})
}

// A drop that is owed is made up for by whoever next asks for the key, where Run does not run.
func TestDropThatIsOwedIsMadeUpForAtTheNextUse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := new(shelf)
		s := open(t, cache.Config{Next: newPlain(), Backend: b, TTL: time.Nanosecond, Logger: slog.New(slog.DiscardHandler)})
		set(t, s, 1)
		wants(t, s, 1)
		b.onDrop(func() error { return errCut })
		set(t, s, 2)
		wants(t, s, 2)
		b.onDrop(nil)
		wants(t, s, 2)
		time.Sleep(2 * time.Second)
		wants(t, s, 2)
		third := open(t, cache.Config{Next: newPlain(), Backend: b})
		wants(t, third, 2) // from the backend, since its storage is empty
	})
}

func TestChangeThatTheStorageTellsOfIsDroppedFromTheBackendToo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := &watched{newPlain(), make(chan token.Key)}
		s := open(t, cache.Config{Next: w, Backend: new(shelf), TTL: time.Hour})
		go s.Run(t.Context())
		set(t, s, 1)
		wants(t, s, 1)
		set(t, w, 2)
		w.changed <- alice()
		synctest.Wait()
		wants(t, s, 2)
	})
}

// lags is a storage whose Get reads a replica that never catches up.
type lags struct {
	token.Versioned

	replica token.Storage
}

func (l lags) Get(ctx context.Context, key token.Key) (token.Record, error) {
	return l.replica.Get(ctx, key)
}

func TestLagOfAReplicaIsNotCached(t *testing.T) {
	t.Parallel()
	next := lags{memstore.New(), memstore.New()}
	set(t, next.replica, 1)
	s := open(t, cache.Config{Next: next})
	set(t, s, 2)
	wants(t, s, 2)
}

func TestTheClockOfTheReadIsNotCached(t *testing.T) {
	t.Parallel()
	s := open(t, cache.Config{Next: memstore.New(), Backend: new(shelf)})
	set(t, s, 1)
	loaded, err := s.Load(t.Context(), alice())
	if err != nil {
		t.Fatal(err)
	}
	again := open(t, cache.Config{Next: s, TTL: time.Nanosecond})
	for range 2 {
		for _, s := range []*cache.Storage{s, again} {
			r, err := s.Get(t.Context(), alice())
			if err != nil || !r.Now.IsZero() || r.Version != loaded.Version {
				t.Errorf("got version %q and clock %v, %v", r.Version, r.Now, err)
			}
		}
	}
}
