package keeper_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/waltz-oauth/waltz/keeper"
	"github.com/waltz-oauth/waltz/token"
)

// Another process has the refresh, and is not done while a caller cares to wait.
func TestCallersWaitAsLongAsTheirPatience(t *testing.T) {
	for name, patience := range map[string]time.Duration{"short": 3 * time.Second, "longer": 20 * time.Second} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				k := w.process(func(c *keeper.Config) { c.Patience = patience })
				first := w.login(k, "a")
				time.Sleep(time.Until(first.Token.Expiry))
				w.edit(func(r *token.Record) {
					r.Lease = token.Lease{Attempt: "other", Until: time.Now().Add(time.Minute)}
				})
				for what, wait := range map[string]func() error{
					"Fresh": func() error { _, err := k.Fresh(t.Context(), key); return err },
					"Renew": func() error { _, err := k.Renew(t.Context(), key, first.Token); return err },
				} {
					began := time.Now()
					err := wait()
					if waited := time.Since(began); waited != patience {
						t.Errorf("%s waited for %v, want %v", what, waited, patience)
					}
					is(t, err, keeper.ErrRefreshInProgress)
				}
				w.calls(0)
			})
		})
	}
}

// The storage is so slow that this process gives up. Nothing is wrong with it, nor with the grant.
func TestStorageThatIsTooSlowIsARefreshInProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		k := w.process()
		first := w.login(k, "a")
		time.Sleep(time.Until(first.Token.Expiry))
		w.edit(func(r *token.Record) {
			r.Lease = token.Lease{Attempt: "other", Until: time.Now().Add(time.Minute)}
		})
		w.delay = func(op string) time.Duration {
			if op == "load" {
				return 5 * time.Minute
			}
			return 0
		}
		_, err := k.Fresh(t.Context(), key)
		is(t, err, keeper.ErrRefreshInProgress)
		w.calls(0)
	})
}
