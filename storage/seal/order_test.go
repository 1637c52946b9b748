package seal_test

import (
	"bytes"
	"context"
	"maps"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tink-crypto/tink-go/v2/tink"

	"github.com/waltz-oauth/waltz/storage/cache"
	"github.com/waltz-oauth/waltz/storage/memstore"
	"github.com/waltz-oauth/waltz/storage/seal"
	"github.com/waltz-oauth/waltz/storage/sessionstore"
	"github.com/waltz-oauth/waltz/storage/storagetest"
	"github.com/waltz-oauth/waltz/token"
)

// shelf is a cache's backend that anybody can look into.
type shelf struct {
	mu     sync.Mutex
	values map[string][]byte
}

func (s *shelf) Get(_ context.Context, key string) ([]byte, cache.Lease, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.values[key], "lease", nil
}

func (s *shelf) Fill(_ context.Context, key string, _ cache.Lease, value []byte, _ time.Duration) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.values[key] = bytes.Clone(value)
	return true, nil
}

func (s *shelf) Drop(_ context.Context, key string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.values, key)
	return nil
}

// shows reports whether text is anywhere on the shelf.
func (s *shelf) shows(text string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for value := range maps.Values(s.values) {
		if bytes.Contains(value, []byte(text)) {
			return true
		}
	}
	return false
}

func cached(t testing.TB, c cache.Config) *cache.Storage {
	t.Helper()
	s, err := cache.New(c)
	must(t, err)
	return s
}

// orders are a seal and a cache over next, the one over the other and the other way round.
var orders = map[string]func(t testing.TB, next token.Storage, keys seal.Loader, b cache.Backend) (token.Storage, *seal.Storage){
	"cache over seal": func(t testing.TB, next token.Storage, keys seal.Loader, b cache.Backend) (token.Storage, *seal.Storage) {
		s := sealed(t, seal.Config{Next: next, Keys: keys})
		return cached(t, cache.Config{Next: s, Backend: b}), s
	},
	"seal over cache": func(t testing.TB, next token.Storage, keys seal.Loader, b cache.Backend) (token.Storage, *seal.Storage) {
		s := sealed(t, seal.Config{Next: cached(t, cache.Config{Next: next, Backend: b}), Keys: keys})
		return s, s
	},
}

func TestSealAndCacheInAnyOrder(t *testing.T) {
	t.Parallel()
	for order, build := range orders {
		for _, engine := range []string{"memory", "three methods"} {
			t.Run(order+"/"+engine, func(t *testing.T) {
				t.Parallel()
				keys := newRing(t, 1)
				storagetest.Run(t, func(t *testing.T) token.Storage {
					s, _ := build(t, engines[engine](t), keys, nil)
					return s
				})
			})
		}
	}
}

func TestWhereASealedTokenIsInTheClear(t *testing.T) {
	t.Parallel()
	for order, build := range orders {
		inner, b := &glass{Storage: memstore.New()}, &shelf{values: make(map[string][]byte)}
		s, _ := build(t, inner, newRing(t, 1), b)
		put(t, s, alice, record(canary))
		for range 2 {
			holds(t, s, alice, canary)
		}
		if len(b.values) != 1 || b.shows(canary) != (order == "cache over seal") {
			t.Errorf("%s: of %d values in the backend, one shows the token: %t", order, len(b.values), b.shows(canary))
		}
		if inner.seen.Len() == 0 || bytes.Contains([]byte(inner.seen.String()), []byte(canary)) {
			t.Errorf("%s: the storage below was shown the token, or nothing", order)
		}
	}
}

// counted counts what is opened.
type counted struct {
	tink.AEADWithContext
	opened atomic.Int32
}

func (c *counted) DecryptWithContext(ctx context.Context, sealed, bound []byte) ([]byte, error) {
	c.opened.Add(1)
	return c.AEADWithContext.DecryptWithContext(ctx, sealed, bound)
}

func TestCacheOverASealOpensOnce(t *testing.T) {
	t.Parallel()
	a := &counted{AEADWithContext: raw(t)}
	s := cached(t, cache.Config{Next: sealed(t, seal.Config{Next: memstore.New(), AEAD: a})})
	put(t, s, alice, record("a"))
	for range 10 {
		holds(t, s, alice, "a")
	}
	if n := a.opened.Load(); n != 1 {
		t.Errorf("the token was opened %d times, want 1", n)
	}
}

func TestAnAEADIsNotAskedForWhatAKeysetSealed(t *testing.T) {
	t.Parallel()
	inner, a := memstore.New(), &counted{AEADWithContext: raw(t)}
	put(t, sealed(t, seal.Config{Next: inner, Keys: newRing(t, 1)}), alice, record("a"))
	refuses(t, sealed(t, seal.Config{Next: inner, AEAD: a}), alice, seal.ErrOpen)
	if n := a.opened.Load(); n != 0 {
		t.Errorf("it was asked %d times", n)
	}
}

func TestRotateBelowAndAboveACache(t *testing.T) {
	t.Parallel()
	for order, build := range orders {
		keys := newRing(t, 1)
		s, below := build(t, memstore.New(), keys, nil)
		put(t, s, alice, record("a"))
		holds(t, s, alice, "a")
		keys.promote(t, keys.add(t))
		below = sealed(t, seal.Config{Next: below.Unwrap(), Keys: keys}) // another, with the new key loaded
		_, err := below.Rotate(t.Context(), nil)
		must(t, err)
		usage(t, below, keys.primary(t), 1)
		holds(t, s, alice, "a")
		v, ok := token.As[token.Versioned](s)
		if !ok {
			t.Fatalf("%s: it has no versions", order)
		}
		r, err := v.Load(t.Context(), alice)
		must(t, err)
		_, err = v.Swap(t.Context(), alice, r.Version, record("b"))
		must(t, err)
		holds(t, s, alice, "b")
	}
}

// What a rotation went past, a cache still has as the retired key sealed it.
func TestRetiredKeyIsNotMissedInACacheBelow(t *testing.T) {
	t.Parallel()
	inner, keys := memstore.New(), newRing(t, 1)
	c := cached(t, cache.Config{Next: inner, Backend: &shelf{values: make(map[string][]byte)}})
	s := sealed(t, seal.Config{Next: c, Keys: keys})
	put(t, s, alice, record("a"))
	holds(t, s, alice, "a")
	old := keys.primary(t)
	keys.promote(t, keys.add(t))
	_, err := sealed(t, seal.Config{Next: inner, Keys: keys}).Rotate(t.Context(), nil)
	must(t, err)
	keys.disable(t, old)
	if id, _ := seal.KeyID(get(t, c, alice)); id != old {
		t.Fatal("the cache has nothing that the retired key sealed")
	}
	holds(t, sealed(t, seal.Config{Next: c, Keys: keys}), alice, "a")
}

func TestSealOverTheBrowsersSession(t *testing.T) {
	t.Parallel()
	keys := newRing(t, 1)
	session, err := sessionstore.New(sessionstore.Config{Secrets: []string{"fake-secret-of-32-bytes-or-more-0"}})
	must(t, err)
	s := sealed(t, seal.Config{Next: session, Keys: keys})
	if token.Reaches(s) != token.Request {
		t.Error("the reach is not that of the session")
	}
	storagetest.RunIn(t, func(t *testing.T) (context.Context, token.Storage) {
		begun, done := make(chan context.Context), make(chan struct{})
		h := session.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			begun <- r.Context()
			<-done
		}))
		var wait sync.WaitGroup
		wait.Go(func() {
			h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
		})
		t.Cleanup(func() {
			close(done)
			wait.Wait()
		})
		return <-begun, s
	})
}
