package keeper_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/waltz-oauth/waltz/keeper"
	"github.com/waltz-oauth/waltz/token"
)

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
