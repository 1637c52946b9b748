package flask

import (
	"context"
	"net/http"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/waltz-oauth/waltz/flaskdance"
	"github.com/waltz-oauth/waltz/internal/enginetest"
	"github.com/waltz-oauth/waltz/token"
	"github.com/waltz-oauth/waltz/waltztest"
)

func TestFlaskServesNoTokenFromItsCacheThatGoReplaced(t *testing.T) {
	t.Parallel()
	server := enginetest.StartRedis(t)
	rdb := redis.NewClient(&redis.Options{Addr: server.Addr})
	t.Cleanup(func() { _ = rdb.Close() })
	idp := newProvider(t, waltztest.RotateStrict)
	alchemist, db, d := shared(t, "sqlite")
	flask := startFlask(t, idp, alchemist, "REDIS="+server.URL)
	beside := startGo(t, idp, table(t, db, d)) // which tells the cache of nothing
	s, err := flaskdance.NewUncached(flaskdance.UncachedConfig{
		Storage: table(t, db, d),
		Drop:    func(ctx context.Context, key string) error { return rdb.Del(ctx, key).Err() },
	})
	if err != nil {
		t.Fatal(err)
	}
	ours := startGo(t, idp, s)

	p := newPerson(t, flask, "1", "1001")
	p.logIn(t, flask)
	cached := func() string {
		t.Helper()
		access := p.one(t, flask, ours)
		key := "flask_cache_" + flaskdance.CacheKey(token.Key{Provider: "op", User: "1"})
		if n, err := rdb.Exists(t.Context(), key).Result(); err != nil || n != 1 {
			t.Fatalf("Flask has not cached the token: %d, %v", n, err)
		}
		return access
	}
	old := cached()
	p.logIn(t, beside)
	if p.access(t, flask) != old {
		t.Error("a write that the cache is not told of is seen at once: there is no cache to test with")
	}

	p.logIn(t, ours)
	if now := cached(); now == "" || now == old {
		t.Errorf("after a login there is one: %t; a new one: %t", now != "", now != old)
	}
	p.do(t, http.MethodPost, flask+"/expire")
	old = cached()
	p.callAPI(t, ours)
	if now := cached(); now == "" || now == old {
		t.Errorf("after a refresh there is one: %t; a new one: %t", now != "", now != old)
	}
	p.callAPI(t, flask)
	if p.do(t, http.MethodPost, ours+"/disconnect"); p.one(t, flask, ours) != "" {
		t.Error("there is a token after it was disconnected")
	}
}
