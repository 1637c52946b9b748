package redisstore_test

import (
	"context"
	"crypto/rand"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/waltz-oauth/waltz/internal/enginetest"
	"github.com/waltz-oauth/waltz/storage/redisstore"
	"github.com/waltz-oauth/waltz/token"
)

// shared returns a storage in the Redis that all tests share, under a prefix of its own, and its client.
func shared(t testing.TB) (s *redisstore.Storage, client *redis.Client, prefix string) {
	t.Helper()
	client = connect(t, enginetest.Redis(t))
	prefix = "waltz-test-" + rand.Text()
	t.Cleanup(func() { sweep(t, client, prefix) })
	return storage(t, client, redisstore.Config{Prefix: prefix}), client, prefix
}

func storage(t testing.TB, client redis.UniversalClient, c redisstore.Config) *redisstore.Storage {
	t.Helper()
	s, err := redisstore.New(client, c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// sweep removes what a test left.
func sweep(t testing.TB, client *redis.Client, prefix string) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	all := client.Scan(ctx, 0, prefix+":*", 1000).Iterator()
	for all.Next(ctx) {
		if err := client.Unlink(ctx, all.Val()).Err(); err != nil {
			t.Error(err)
		}
	}
	if err := all.Err(); err != nil {
		t.Error(err)
	}
}

func record(name string) token.Record {
	return token.New(&token.Token{AccessToken: "fake-" + name})
}

func set(t testing.TB, s token.Storage, key token.Key, r token.Record) {
	t.Helper()
	if err := s.Set(t.Context(), key, r); err != nil {
		t.Fatal(err)
	}
}

func load(t testing.TB, s token.Versioned, key token.Key) token.Record {
	t.Helper()
	r, err := s.Load(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func list(t testing.TB, s token.Lister, f token.Filter) []token.Entry {
	t.Helper()
	var all []token.Entry
	for e, err := range s.List(t.Context(), f) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	return all
}

// opened returns a storage in the Redis at url, which is the test's own.
func opened(t testing.TB, url string) *redisstore.Storage {
	t.Helper()
	s, err := redisstore.Open(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// names returns all keys in Redis that begin with prefix.
func names(t testing.TB, client *redis.Client, prefix string) (all []string) {
	t.Helper()
	found := client.Scan(t.Context(), 0, prefix+":*", 1000).Iterator()
	for found.Next(t.Context()) {
		all = append(all, found.Val())
	}
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// own returns a storage in a Redis of the test's own, and a client of it.
func own(t testing.TB) (*redisstore.Storage, *redis.Client) {
	t.Helper()
	server := enginetest.StartRedis(t)
	return opened(t, server.URL), connect(t, server.Addr)
}

func connect(t testing.TB, addr string) *redis.Client {
	t.Helper()
	client := redis.NewClient(&redis.Options{Addr: addr, ContextTimeoutEnabled: true})
	t.Cleanup(func() { _ = client.Close() })
	return client
}
