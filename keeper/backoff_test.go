package keeper_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/waltz-oauth/waltz/keeper"
	"github.com/waltz-oauth/waltz/token"
)

func TestLimitedMakesEveryProcessWait(t *testing.T) {
	for name, clock := range map[string]func() time.Time{
		"no clock":             nil,
		"engine's, ours ahead": func() time.Time { return time.Now().Add(-10 * time.Minute) },
		"engine's, ours slow":  func() time.Time { return time.Now().Add(10 * time.Minute) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.clock = clock
				w.p.before = func(n int) error {
					if n == 1 {
						return &keeper.Failure{Kind: keeper.Limited, Code: "429", RetryAfter: 2 * time.Minute}
					}
					return nil
				}
				var processes []*keeper.Keeper
				for range 10 {
					processes = append(processes, w.process())
				}
				first := w.login(processes[0], "a")
				time.Sleep(time.Until(first.Token.Expiry))
				end := time.Now().Add(2 * time.Minute)
				for time.Now().Before(end) {
					for _, k := range processes {
						_, err := k.Fresh(t.Context(), key)
						f := failure(t, err, keeper.Limited)
						if f.RetryAfter < time.Until(end) || f.RetryAfter > 3*time.Minute {
							t.Fatalf("retry after %v, with %v left", f.RetryAfter, time.Until(end))
						}
					}
					time.Sleep(time.Second)
				}
				w.calls(1)
				if got := w.stored().State; got != token.Active {
					t.Errorf("the grant is %v", got)
				}
				time.Sleep(time.Minute)
				r, err := processes[5].Fresh(t.Context(), key)
				w.good(r, err, 1)
			})
		})
	}
}

func TestUnsentIsNotInDoubt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.p.before = func(int) error { return &keeper.Failure{Kind: keeper.Unsent, Err: errNet} }
		k := w.process()
		first := w.login(k, "a")
		time.Sleep(time.Until(first.Token.Expiry))
		_, err := k.Fresh(t.Context(), key)
		is(t, err, errNet)
		_, err = w.process().Fresh(t.Context(), key)
		failed(t, err, keeper.Unsent)
		w.calls(1)
		r := w.stored()
		if r.State != token.Active || r.Reason != "unsent" || !r.NotBefore.After(time.Now()) || r.Lease.Attempt != "" {
			t.Errorf("the row is %v, reason %q, not before %v", r, r.Reason, r.NotBefore)
		}
		w.p.before = nil
		time.Sleep(time.Until(r.NotBefore))
		r, err = k.Fresh(t.Context(), key)
		w.good(r, err, 1)
		if r.Reason != "" || !r.NotBefore.IsZero() {
			t.Error("the failure is remembered after it is over")
		}
	})
}
