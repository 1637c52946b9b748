package seal_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tink-crypto/tink-go/v2/keyset"

	"github.com/waltz-oauth/waltz/storage/memstore"
	"github.com/waltz-oauth/waltz/storage/seal"
	"github.com/waltz-oauth/waltz/token"
)

// loads fails the test unless the keyset was loaded that often.
func (r *ring) loaded(t testing.TB, want int) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.loads != want {
		t.Errorf("the keyset was loaded %d times, want %d", r.loads, want)
	}
}

func TestEveryKeyOfTheKeysetOpens(t *testing.T) {
	t.Parallel()
	inner, keys := memstore.New(), newRing(t, 1)
	s := sealed(t, seal.Config{Next: inner, Keys: keys})
	for i := range 5 {
		id := keys.add(t)
		keys.promote(t, id)
		s = sealed(t, seal.Config{Next: inner, Keys: keys})
		put(t, s, token.Key{Provider: "github", User: name(i)}, record(name(i)))
	}
	seen := make(map[uint32]bool)
	for i := range 5 {
		key := token.Key{Provider: "github", User: name(i)}
		holds(t, s, key, name(i))
		id, _ := seal.KeyID(get(t, inner, key))
		seen[id] = true
	}
	if len(seen) != 5 {
		t.Errorf("%d keys were used, want 5", len(seen))
	}
}

func TestKeysetIsLoadedOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner, keys := memstore.New(), newRing(t, 1)
		s := sealed(t, seal.Config{Next: inner, Keys: keys})
		before := keys.primary(t)
		keys.promote(t, keys.add(t))

		time.Sleep(time.Minute - time.Nanosecond)
		put(t, s, alice, record("a"))
		if id, _ := seal.KeyID(get(t, inner, alice)); id != before {
			t.Error("another key sealed before a minute passed")
		}
		time.Sleep(time.Nanosecond)
		for range 10 {
			put(t, s, alice, record("b"))
			holds(t, s, alice, "b")
		}
		if id, _ := seal.KeyID(get(t, inner, alice)); id != keys.primary(t) {
			t.Error("the key that was promoted does not seal")
		}
		keys.loaded(t, 2)
	})
}

func TestUnknownKeyIsLookedForOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner, keys, others := memstore.New(), newRing(t, 1), newRing(t, 1)
		s := sealed(t, seal.Config{Next: inner, Keys: keys})
		put(t, sealed(t, seal.Config{Next: inner, Keys: others}), alice, record("theirs"))

		var wait sync.WaitGroup
		for range 20 {
			wait.Go(func() { refuses(t, s, alice, seal.ErrOpen) })
		}
		wait.Wait()
		keys.loaded(t, 2)

		// A key that comes within that minute is found all the same.
		keys.promote(t, keys.add(t))
		put(t, sealed(t, seal.Config{Next: inner, Keys: keys}), alice, record("new")) // loads too
		holds(t, s, alice, "new")
		keys.loaded(t, 4)
	})
}

func TestLookingForKeysHasAnEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner, keys := memstore.New(), newRing(t, 1)
		s := sealed(t, seal.Config{Next: inner, Keys: keys})
		r := record("a")
		for range 2 {
			for i := range 100 {
				r.Token = token.Opaque("sealed", append([]byte{1, 1, 0, 0, 0, byte(i)}, make([]byte, 100)...))
				put(t, inner, alice, r)
				refuses(t, s, alice, seal.ErrOpen)
			}
		}
		keys.loaded(t, 1+16)
		time.Sleep(time.Minute)
		refuses(t, s, alice, seal.ErrOpen)
		keys.loaded(t, 1+16+1+1) // it was time, and the key is looked for again
	})
}

func TestKeysetThatCannotBeLoadedStopsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		inner, keys := memstore.New(), newRing(t, 1)
		s := sealed(t, seal.Config{Next: inner, Keys: keys, Logger: slog.New(slog.NewTextHandler(&log, nil))})
		keys.fail = errors.New("down")
		time.Sleep(time.Minute)
		put(t, s, alice, record("a"))
		holds(t, s, alice, "a")
		keys.loaded(t, 2)
		if strings.Count(log.String(), "down") != 1 {
			t.Errorf("logged %q", &log)
		}

		// A token that needs another key is not said to be damaged.
		put(t, sealed(t, seal.Config{Next: inner, Keys: newRing(t, 1)}), alice, record("theirs"))
		if _, err := s.Get(t.Context(), alice); !errors.Is(err, keys.fail) || errors.Is(err, seal.ErrOpen) {
			t.Errorf("got %v, want that the keyset cannot be loaded", err)
		}
		keys.fail = nil
		refuses(t, s, alice, seal.ErrOpen)
	})
}

func TestRetiredKeyOpensNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		keys := newRing(t, 1)
		s := sealed(t, seal.Config{Next: memstore.New(), Keys: keys})
		put(t, s, alice, record("a"))
		old := keys.primary(t)
		keys.promote(t, keys.add(t))
		keys.disable(t, old)
		time.Sleep(time.Minute)
		refuses(t, s, alice, seal.ErrOpen)
		_, err := s.Get(t.Context(), alice)
		if want := fmt.Sprintf("%d, is not in the keyset", old); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want that key %s", err, want)
		}
	})
}

// slow is a loader that takes a second.
type slow struct{ *ring }

func (l slow) Keyset(ctx context.Context) (*keyset.Handle, error) {
	select {
	case <-time.After(time.Second):
		return l.ring.Keyset(ctx)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func TestOneLoadsWhileOthersGoOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		keys := newRing(t, 1)
		s := sealed(t, seal.Config{Next: memstore.New(), Keys: slow{keys}})
		put(t, s, alice, record("a"))
		time.Sleep(time.Minute)
		start := time.Now()
		go holds(t, s, alice, "a")
		synctest.Wait()
		holds(t, s, alice, "a")
		if waited := time.Since(start); waited != 0 {
			t.Errorf("a reader waited %v for the keyset", waited)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		keys.loaded(t, 2)
	})
}

func TestLoadingThatItsCallerEndsIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		inner, keys := memstore.New(), newRing(t, 1)
		s := sealed(t, seal.Config{Next: inner, Keys: slow{keys}, Logger: slog.New(slog.NewTextHandler(&log, nil))})
		put(t, s, alice, record("a"))
		keys.promote(t, keys.add(t))
		time.Sleep(time.Minute)
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		_, _ = s.Get(ctx, alice)
		put(t, s, alice, record("b"))
		if id, _ := seal.KeyID(get(t, inner, alice)); id != keys.primary(t) || log.Len() > 0 {
			t.Errorf("sealed by key %d, logged %q", id, &log)
		}
	})
}
