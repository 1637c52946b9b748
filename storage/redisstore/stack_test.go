package redisstore_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"

	"github.com/waltz-oauth/waltz/storage/cache"
	"github.com/waltz-oauth/waltz/storage/seal"
	"github.com/waltz-oauth/waltz/storage/storagetest"
	"github.com/waltz-oauth/waltz/token"
)

// keys is one keyset.
type keys struct{ *keyset.Handle }

func (k keys) Keyset(context.Context) (*keyset.Handle, error) { return k.Handle, nil }

func newKeys(t *testing.T) keys {
	t.Helper()
	h, err := keyset.NewHandle(aead.XAES256GCM192BitNonceKeyTemplate())
	if err != nil {
		t.Fatal(err)
	}
	return keys{h}
}

func sealed(t *testing.T, next token.Storage, k keys) token.Storage {
	t.Helper()
	s, err := seal.New(t.Context(), seal.Config{Next: next, Keys: k})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func cached(t *testing.T, next token.Storage) *cache.Storage {
	t.Helper()
	s, err := cache.New(cache.Config{Next: next, TTL: time.Hour, AbsentTTL: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestPromisesUnderASealAndACache(t *testing.T) {
	t.Parallel()
	for name, build := range map[string]func(next token.Storage, k keys) token.Storage{
		"cache over seal": func(next token.Storage, k keys) token.Storage { return cached(t, sealed(t, next, k)) },
		"seal over cache": func(next token.Storage, k keys) token.Storage { return sealed(t, cached(t, next), k) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _, _ := shared(t)
			stack := build(s, newKeys(t))
			storagetest.Run(t, func(*testing.T) token.Storage { return stack })
			if _, ok := token.As[token.Watcher](stack); !ok {
				t.Error("nobody hears of changes")
			}
		})
	}
}

// What another process writes is out of a cache soon, with no bus: Redis itself tells.
func TestCacheHearsOfChanges(t *testing.T) {
	t.Parallel()
	s, _, _ := shared(t)
	k := newKeys(t)
	here, there := cached(t, sealed(t, s, k)), cached(t, sealed(t, s, k))
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { there.Run(ctx) })
	defer running.Wait()
	defer cancel()
	for _, name := range []string{"fake-a", "fake-b"} {
		set(t, here, alice, record(name[len("fake-"):]))
		waitFor(t, name+" is seen", func() error {
			r, err := there.Get(t.Context(), alice)
			if err == nil && r.Token.AccessToken != name {
				err = errors.New("there is another")
			}
			return err
		})
	}
}
