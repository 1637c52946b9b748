package keeper_test

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/waltz-oauth/waltz/keeper"
	"github.com/waltz-oauth/waltz/token"
)

// The storage is away for longer than a lease, from just after a refresh on. When it is back, the
// process that holds the successor stores it before another takes its lease for that of a dead one.
func TestStorageIsBackAfterALongOutage(t *testing.T) {
	for name, clock := range map[string]func() time.Time{"engine's clock": time.Now, "no clock": nil} {
		for _, outage := range []time.Duration{150 * time.Second, 21*time.Minute + 30*time.Second} {
			t.Run(name+"/"+outage.String(), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t)
					w.clock = clock
					var down atomic.Bool
					w.p.after = func(int) error { down.Store(true); return nil }
					w.fail = func(string, token.Record) error {
						if down.Load() {
							return errDown
						}
						return nil
					}
					holder, other := w.process(), w.process()
					first := w.login(holder, "a")
					time.Sleep(time.Until(first.Token.Expiry))
					w.p.life = 24 * time.Hour
					r, err := holder.Fresh(t.Context(), key)
					w.good(r, err, 1)
					ask := func(d time.Duration) {
						for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(217 * time.Millisecond) {
							for _, k := range []*keeper.Keeper{other, holder} {
								go func() { _, _ = k.Fresh(t.Context(), key) }()
							}
							synctest.Wait()
						}
					}
					ask(outage)
					down.Store(false)
					ask(3 * time.Minute)
					w.calls(1)
					w.good(w.stored(), nil, 1)
				})
			})
		}
	}
}
