//go:build unix

package cache_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz/internal/enginetest"
	"github.com/waltz-oauth/waltz/storage/cache"
	"github.com/waltz-oauth/waltz/storage/memstore"
)

// What is written while the bus is down reaches others when it is back, and what is written then as
// well.
func TestBusThatGoesAndComesBackIsHeardAgain(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]func(t *testing.T) (bus func() cache.Bus, stop, again func()){
		"redis": func(t *testing.T) (func() cache.Bus, func(), func()) {
			s := enginetest.StartRedis(t)
			return func() cache.Bus { return openRedis(t, s.Addr) }, s.Kill, func() { s.Start(t) }
		},
		"postgres": func(t *testing.T) (func() cache.Bus, func(), func()) {
			s := enginetest.StartPostgres(t)
			return func() cache.Bus { return openPostgres(t, s.URL) }, s.Kill, func() { s.Start(t) }
		},
		"nats": func(t *testing.T) (func() cache.Bus, func(), func()) {
			s := enginetest.StartNATS(t)
			return func() cache.Bus { return openNATS(t, s.URL) }, s.Kill, func() { s.Start(t) }
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bus, stop, again := start(t)
			next := memstore.New()
			hears := make(chan struct{}, 100)
			process := func() *cache.Storage {
				s := open(t, cache.Config{Next: next, Bus: hearing{bus(), hears}, TTL: time.Hour, AbsentTTL: time.Hour, Timeout: 5 * time.Second, Logger: slog.New(slog.DiscardHandler)})
				ctx, cancel := context.WithCancel(context.Background())
				ended := make(chan struct{})
				go func() {
					defer close(ended)
					s.Run(ctx)
				}()
				t.Cleanup(func() {
					cancel()
					<-ended
				})
				<-hears
				return s
			}
			a, b := process(), process()
			wants(t, b, 0)
			stop()
			set(t, a, 1)
			wants(t, a, 1)
			again()
			eventually(t, "the other has what was written meanwhile", func() bool { return current(t, b, alice()) == 1 })
			<-hears
			<-hears
			set(t, a, 2)
			eventually(t, "the other has what was written since", func() bool { return current(t, b, alice()) == 2 })
		})
	}
}
