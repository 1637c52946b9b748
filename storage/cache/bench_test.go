package cache_test

import (
	"context"
	"testing"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/waltz-oauth/waltz/storage/cache"
	"github.com/waltz-oauth/waltz/token"
)

// BenchmarkGet finds a record in memory, beside a bare otter that finds it by the same key, without
// any time-to-live. They take turns, so that what else the machine does slows both.
func BenchmarkGet(b *testing.B) {
	for name, runs := range map[string]bool{"while Run runs": true, "without Run": false} {
		b.Run(name, func(b *testing.B) {
			s := open(b, cache.Config{Next: newPlain()})
			if runs {
				ctx, cancel := context.WithCancel(b.Context())
				done := make(chan struct{})
				go func() {
					defer close(done)
					s.Run(ctx)
				}()
				defer func() {
					cancel()
					<-done
				}()
			}
			set(b, s, 1)
			key, r := alice(), record(1)
			bare := otter.Must(&otter.Options[token.Key, *token.Record]{MaximumSize: 10_000})
			bare.Set(key, &r)
			ctx := b.Context()
			const batch = 1000
			var took [2]time.Duration
			b.ReportAllocs()
			for b.Loop() {
				began := time.Now()
				for range batch {
					if r, err := s.Get(ctx, key); err != nil || r.Token == nil {
						b.Fatal(err)
					}
				}
				between := time.Now()
				for range batch {
					if r, ok := bareGet(bare, key); !ok || r.Token == nil {
						b.Fatal("nothing there")
					}
				}
				took[0] += between.Sub(began)
				took[1] += time.Since(between)
			}
			per := float64(b.N * batch)
			b.ReportMetric(0, "ns/op") // of two batches, which says nothing
			b.ReportMetric(float64(took[0])/per, "ns/cache")
			b.ReportMetric(float64(took[1])/per, "ns/otter")
			b.ReportMetric(float64(took[0])/float64(took[1]), "x-otter")
		})
	}
}

//go:noinline
func bareGet(bare *otter.Cache[token.Key, *token.Record], key token.Key) (token.Record, bool) {
	r, ok := bare.GetIfPresent(key)
	if !ok {
		return token.Record{}, false
	}
	return *r, true
}

// Allocations are what a machine's noise does not move.
func TestHitAllocatesNothing(t *testing.T) {
	s := open(t, cache.Config{Next: newPlain(), AbsentTTL: time.Hour})
	set(t, s, 1)
	ctx := t.Context()
	for _, key := range []token.Key{alice(), {Provider: "github", User: "nobody"}} {
		if got := testing.AllocsPerRun(1000, func() { _, _ = s.Get(ctx, key) }); got != 0 {
			t.Errorf("%v: it allocates %v times", key, got)
		}
	}
}
