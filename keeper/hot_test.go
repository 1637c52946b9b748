package keeper_test

import (
	"context"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz/keeper"
	"github.com/waltz-oauth/waltz/storage/cache"
	"github.com/waltz-oauth/waltz/storage/memstore"
	"github.com/waltz-oauth/waltz/token"
)

// warm is a keeper over a cache, which has a token at key that is good for an hour.
func warm(tb testing.TB) *keeper.Keeper {
	tb.Helper()
	s, err := cache.New(cache.Config{Next: memstore.New(), TTL: time.Hour})
	if err != nil {
		tb.Fatal(err)
	}
	k, err := keeper.New(keeper.Config{Storage: s, Refresher: newProvider(), Logger: quiet()})
	if err != nil {
		tb.Fatal(err)
	}
	t := &token.Token{AccessToken: "fake-access", RefreshToken: "fake-refresh", Expiry: time.Now().Add(time.Hour)}
	if _, err := k.Put(context.Background(), key, t, ""); err != nil {
		tb.Fatal(err)
	}
	if _, err := k.Fresh(context.Background(), key); err != nil {
		tb.Fatal(err)
	}
	return k
}

// Each request of a client asks for its token.
func TestFreshTokenCostsNoMemory(t *testing.T) {
	k := warm(t)
	ctx := t.Context()
	if n := testing.AllocsPerRun(1000, func() { _, _ = k.Fresh(ctx, key) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkFresh(b *testing.B) {
	k := warm(b)
	ctx := b.Context()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := k.Fresh(ctx, key); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFreshParallel(b *testing.B) {
	k := warm(b)
	ctx := b.Context()
	b.ReportAllocs()
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			_, _ = k.Fresh(ctx, key)
		}
	})
}
