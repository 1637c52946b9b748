package natsstore_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz/storage/cache"
	"github.com/waltz-oauth/waltz/storage/storagetest"
	"github.com/waltz-oauth/waltz/token"
)

func cached(t *testing.T, next token.Storage) *cache.Storage {
	t.Helper()
	s, err := cache.New(cache.Config{Next: next, TTL: time.Hour, AbsentTTL: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestPromisesUnderACache(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T) token.Storage { return cached(t, open(t, empty(t))) })
}

// The storage itself tells a cache what other processes change.
func TestCacheHearsOfOthersWithoutABus(t *testing.T) {
	t.Parallel()
	url := empty(t)
	writer, reader := open(t, url), cached(t, open(t, url))
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { reader.Run(ctx) })
	defer running.Wait()
	defer stop()
	key := token.Key{Provider: "github", User: "7"}
	sees := func(what string, ok func(token.Record, error) bool) {
		t.Helper()
		for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(5 * time.Millisecond) {
			r, err := reader.Get(t.Context(), key)
			if ok(r, err) {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("%s was not seen: %v", what, err)
			}
		}
	}
	has := func(text string) func(token.Record, error) bool {
		return func(r token.Record, err error) bool { return err == nil && r.Token.AccessToken == "fake-"+text }
	}
	absent := func(_ token.Record, err error) bool { return errors.Is(err, token.ErrNotFound) }

	sees("nothing", absent)
	if err := writer.Set(t.Context(), key, record("a")); err != nil {
		t.Fatal(err)
	}
	sees("a login", has("a"))
	r := load(t, writer, key)
	r.Token = record("b").Token
	if _, err := writer.Swap(t.Context(), key, r.Version, r); err != nil {
		t.Fatal(err)
	}
	sees("a refresh", has("b"))
	if err := writer.Delete(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	sees("a logout", absent)
}
