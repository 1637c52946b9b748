package keeper_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/waltz-oauth/waltz/keeper"
	"github.com/waltz-oauth/waltz/token"
)

func TestRenew(t *testing.T) {
	type call func(*keeper.Keeper) (token.Record, error)
	setup := func(t *testing.T, age time.Duration) (*world, *keeper.Keeper, token.Record, call) {
		w := newWorld(t)
		k := w.process()
		first := w.login(k, "a")
		time.Sleep(age)
		return w, k, first, func(k *keeper.Keeper) (token.Record, error) { return k.Renew(t.Context(), key, first.Token) }
	}
	t.Run("refreshes once for all", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w, k, _, renew := setup(t, time.Minute)
			w.p.delay = time.Second
			others := []*keeper.Keeper{k, k, w.process(), w.process()}
			done := make(chan bool)
			for _, k := range others {
				go func() {
					r, err := renew(k)
					w.gets(r, err, 1)
					done <- true
				}()
			}
			for range others {
				<-done
			}
			w.calls(1)
		})
	})
	t.Run("a young token is not renewed", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w, k, _, renew := setup(t, time.Minute-time.Second)
			_, err := renew(k)
			is(t, err, keeper.ErrRejected)
			w.calls(0)
		})
	})
	t.Run("an API that rejects everything", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w, k, r, _ := setup(t, time.Minute)
			for range 180 { // three minutes
				if got, err := k.Renew(t.Context(), key, r.Token); err == nil {
					r = got
				}
				time.Sleep(time.Second)
			}
			w.calls(3)
		})
	})
	t.Run("what is stored is newer", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w, k, first, renew := setup(t, time.Minute)
			r, err := renew(k)
			w.good(r, err, 1)
			w.stale = map[token.Key]token.Record{key: first}
			r, err = renew(w.process())
			w.good(r, err, 1)
			w.calls(1)
		})
	})
	t.Run("a cache is older than what was rejected", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w, k, first, renew := setup(t, time.Minute)
			second, err := renew(k)
			w.good(second, err, 1)
			time.Sleep(time.Minute)
			w.stale = map[token.Key]token.Record{key: first}
			r, err := k.Renew(t.Context(), key, second.Token)
			w.good(r, err, 2)
		})
	})
	t.Run("no refresh token", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			k := w.process()
			r, err := k.Put(t.Context(), key, &token.Token{AccessToken: "fake"}, "")
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Hour)
			_, err = k.Renew(t.Context(), key, r.Token)
			is(t, err, keeper.ErrRejected)
			w.calls(0)
		})
	})
	t.Run("in doubt, it does not wait for the expiry", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w, k, _, renew := setup(t, 10*time.Minute)
			w.edit(func(r *token.Record) { r.State = token.InDoubt })
			r, err := renew(k)
			w.good(r, err, 1)
		})
	})
	t.Run("in doubt, it does not wait for the expiry with those who do", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w, k, first, renew := setup(t, time.Minute)
			time.Sleep(time.Until(first.RefreshAt))
			w.stale = map[token.Key]token.Record{key: first}
			w.edit(func(r *token.Record) { r.State = token.InDoubt })
			slow := true
			w.delay = func(op string) time.Duration {
				if op == "load" && slow {
					slow = false
					return time.Second
				}
				return 0
			}
			r, err := k.Fresh(t.Context(), key) // in the background, which is told not to try
			w.good(r, err, 0)
			synctest.Wait()
			r, err = renew(k)
			w.good(r, err, 1)
			w.calls(1)
		})
	})
	t.Run("back-off holds", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w, k, _, renew := setup(t, 10*time.Minute)
			w.edit(func(r *token.Record) { r.NotBefore, r.Reason = time.Now().Add(time.Minute), "429" })
			_, err := renew(k)
			failed(t, err, keeper.Limited)
			w.calls(0)
		})
	})
	t.Run("nothing stored", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w, k, _, renew := setup(t, 0)
			if err := k.Drop(t.Context(), key); err != nil {
				t.Fatal(err)
			}
			_, err := renew(w.process())
			is(t, err, token.ErrNotFound)
		})
	})
}
