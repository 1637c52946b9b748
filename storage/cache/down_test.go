package cache_test

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz/internal/enginetest"
	"github.com/waltz-oauth/waltz/storage/cache"
	"github.com/waltz-oauth/waltz/storage/cache/rediscache"
	"github.com/waltz-oauth/waltz/storage/memstore"
	"github.com/waltz-oauth/waltz/token"
)

// eventually fails the test unless is becomes true.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

// load writes and reads keys of its own, one for each of its goroutines, until stop is closed. Whoever
// wrote a token must read that very token; others may be behind, and get no error either.
type load struct {
	writer, other *cache.Storage
	last          [8]int
}

func (l *load) key(i int) token.Key {
	return token.Key{Provider: "github", User: fmt.Sprint("user", i)}
}

func (l *load) run(ctx context.Context, stop <-chan struct{}) error {
	errs := make([]error, len(l.last))
	var wg sync.WaitGroup
	for i := range l.last {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if errs[i] = l.step(ctx, i); errs[i] != nil {
					return
				}
				time.Sleep(time.Millisecond)
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func (l *load) step(ctx context.Context, i int) error {
	want := record(l.last[i] + 1)
	if err := l.writer.Set(ctx, l.key(i), want); err != nil {
		return err
	}
	l.last[i]++
	for range 3 {
		if _, err := l.other.Get(ctx, l.key(i)); err != nil {
			return err
		}
		got, err := l.writer.Get(ctx, l.key(i))
		if err != nil {
			return err
		}
		if got.Token.AccessToken != want.Token.AccessToken {
			return fmt.Errorf("set %q and got %q", want.Token.AccessToken, got.Token.AccessToken)
		}
	}
	return nil
}

// Each of the backends is in front of another engine.
func TestServerThatGoesAndComesBackBreaksNothing(t *testing.T) {
	engines := map[string]string{"redis": "postgres", "memcached": "mysql"}
	for kind, b := range backends() {
		t.Run(kind+" over "+engines[kind], func(t *testing.T) {
			server := b.start(t)
			next, _ := tables()[engines[kind]](t)
			ctx, cancel := context.WithCancel(t.Context())
			var running sync.WaitGroup
			process := func() *cache.Storage {
				backend := b.open(t, server.Addr)
				c := cache.Config{Next: next, Backend: backend, TTL: time.Hour, SharedTTL: time.Hour, Logger: slog.New(slog.DiscardHandler)}
				if r, ok := backend.(*rediscache.Cache); ok {
					c.Bus = r
				} else {
					c.TTL = time.Second // nobody tells
				}
				s := open(t, c)
				running.Go(func() { s.Run(ctx) })
				return s
			}
			l := &load{writer: process(), other: process()}
			stop, ended := make(chan struct{}), make(chan error, 1)
			go func() { ended <- l.run(ctx, stop) }()
			for range 2 {
				time.Sleep(300 * time.Millisecond)
				server.Kill()
				time.Sleep(1500 * time.Millisecond)
				server.Start(t)
				time.Sleep(1500 * time.Millisecond)
			}
			server.Kill()
			time.Sleep(300 * time.Millisecond)
			close(stop) // the last writes find nobody to tell
			if err := <-ended; err != nil {
				t.Fatal(err)
			}
			server.Start(t)
			third := process()
			for i, want := range l.last {
				if got := current(t, next, l.key(i)); got != want {
					t.Errorf("%v: token %d is stored, and %d was acknowledged", l.key(i), got, want)
				}
				for name, s := range map[string]*cache.Storage{"writer": l.writer, "other": l.other, "third": third} {
					eventually(t, fmt.Sprintf("%s has the last token of %v", name, l.key(i)), func() bool {
						return current(t, s, l.key(i)) == want
					})
				}
			}
			t.Logf("each key was written %d times or more", minimum(l.last[:]))
			cancel()
			running.Wait()
			eventually(t, "no goroutine is left", func() bool {
				return !runs(t, "storage/cache.(*Storage)", "storage/cache.(*link)", "(*Cache).Subscribe")
			})
		})
	}
}

func minimum(of []int) int {
	least := of[0]
	for _, n := range of {
		least = min(least, n)
	}
	return least
}

// runs reports whether a goroutine is in one of those functions.
func runs(t *testing.T, functions ...string) bool {
	t.Helper()
	all := make([]byte, 1<<20)
	all = all[:runtime.Stack(all, true)]
	for _, f := range functions {
		if strings.Contains(string(all), f) {
			return true
		}
	}
	return false
}

// The server comes back with what it held before, as one does that keeps a file.
func TestOldTokenOfAServerThatComesBackIsDropped(t *testing.T) {
	t.Parallel()
	server := enginetest.StartRedis(t)
	next := memstore.New()
	process := func() *cache.Storage {
		return open(t, cache.Config{Next: next, Backend: openRedis(t, server.Addr), TTL: time.Nanosecond, SharedTTL: time.Hour, Logger: slog.New(slog.DiscardHandler)})
	}
	writer, other := process(), process()
	set(t, writer, 1)
	wants(t, other, 1) // and it is in Redis
	server.Kill()
	set(t, writer, 2)
	server.Start(t)
	if got := current(t, process(), alice()); got != 1 {
		t.Fatalf("Redis did not keep what it held: there is token %d", got)
	}
	wants(t, writer, 2)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go writer.Run(ctx)
	eventually(t, "the other has the new token", func() bool { return current(t, other, alice()) == 2 })
}

// broken is a backend that fails in every call, and counts them.
type broken struct {
	mu    sync.Mutex
	calls int
}

func (b *broken) call() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.calls++
	return errCut
}

func (b *broken) Get(context.Context, string) ([]byte, cache.Lease, error) { return nil, "", b.call() }
func (b *broken) Drop(context.Context, string) error                       { return b.call() }
func (b *broken) Fill(context.Context, string, cache.Lease, []byte, time.Duration) (bool, error) {
	return false, b.call()
}
