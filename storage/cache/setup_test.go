package cache_test

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz/internal/enginetest"
	"github.com/waltz-oauth/waltz/storage/cache"
	"github.com/waltz-oauth/waltz/storage/cache/memcache"
	"github.com/waltz-oauth/waltz/storage/cache/rediscache"
	"github.com/waltz-oauth/waltz/token"
)

const patience = time.Minute // on a machine that is busy

func alice() token.Key { return token.Key{Provider: "github", User: "alice"} }

func record(n int) token.Record {
	return token.New(&token.Token{AccessToken: "fake-" + strconv.Itoa(n)})
}

func number(t *testing.T, r token.Record) int {
	t.Helper()
	n, err := strconv.Atoi(r.Token.AccessToken[len("fake-"):])
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func open(t testing.TB, c cache.Config) *cache.Storage {
	t.Helper()
	s, err := cache.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func set(t testing.TB, s token.Storage, n int) {
	t.Helper()
	if err := s.Set(t.Context(), alice(), record(n)); err != nil {
		t.Fatal(err)
	}
}

// wants fails unless s has token n for alice; 0 is none.
func wants(t *testing.T, s token.Storage, n int) {
	t.Helper()
	if got := current(t, s, alice()); got != n {
		t.Errorf("got token %d, want %d", got, n)
	}
}

func current(t *testing.T, s token.Storage, key token.Key) int {
	t.Helper()
	r, err := s.Get(t.Context(), key)
	if errors.Is(err, token.ErrNotFound) {
		return 0
	}
	if err != nil {
		t.Fatal(err)
	}
	return number(t, r)
}

// plain is a storage of three methods, which counts its reads and may be made to wait.
type plain struct {
	mu      sync.Mutex
	records map[token.Key]token.Record
	reads   int
	fails   error
	gate    *gate // of the next read
}

// gate is passed by a reader who has read and has not yet returned.
type gate struct{ reached, open chan struct{} }

func newPlain() *plain { return &plain{records: make(map[token.Key]token.Record)} }

// hold makes the next read wait at the gate that it returns.
func (p *plain) hold() *gate {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.gate = &gate{make(chan struct{}), make(chan struct{})}
	return p.gate
}

func (p *plain) Get(ctx context.Context, key token.Key) (token.Record, error) {
	p.mu.Lock()
	p.reads++
	r, ok := p.records[key]
	g, err := p.gate, p.fails
	p.gate = nil
	p.mu.Unlock()
	if g != nil {
		close(g.reached)
		select {
		case <-g.open:
		case <-ctx.Done():
		}
	}
	switch {
	case ctx.Err() != nil:
		err = ctx.Err()
	case err == nil && !ok:
		err = token.ErrNotFound
	}
	if err != nil {
		return token.Record{}, &token.Error{Op: "get", Key: key, Err: err}
	}
	return r, nil
}

func (p *plain) Set(ctx context.Context, key token.Key, r token.Record) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if _, err := r.MarshalJSON(); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	r.Version, r.Now = "", time.Time{}
	p.records[key] = r
	return nil
}

func (p *plain) Delete(ctx context.Context, key token.Key) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.records, key)
	return nil
}

func (p *plain) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.reads
}

func (p *plain) fail(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fails = err
}

// backends are the kinds of Backend there are; open is given the server to reach.
func backends() map[string]struct {
	start func(testing.TB) *enginetest.Server
	open  func(t testing.TB, addr string) cache.Backend
} {
	return map[string]struct {
		start func(testing.TB) *enginetest.Server
		open  func(t testing.TB, addr string) cache.Backend
	}{
		"redis":     {enginetest.StartRedis, func(t testing.TB, addr string) cache.Backend { return openRedis(t, addr) }},
		"memcached": {enginetest.StartMemcached, openMemcached},
	}
}

func openRedis(t testing.TB, addr string) *rediscache.Cache {
	t.Helper()
	c, err := rediscache.Open("redis://" + addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func openMemcached(t testing.TB, addr string) cache.Backend {
	t.Helper()
	c, err := memcache.Open(addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}
