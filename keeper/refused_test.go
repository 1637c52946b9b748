package keeper_test

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/waltz-oauth/waltz/keeper"
	"github.com/waltz-oauth/waltz/token"
)

func TestRefusedGrantIsMarkedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		var told []token.Record
		hook := func(c *keeper.Config) {
			c.Reauthorize = func(_ context.Context, _ token.Key, r token.Record) { told = append(told, r) }
		}
		k, other := w.process(hook), w.process(hook)
		first := w.login(k, "a")
		w.p.grants["a"].dead = true
		time.Sleep(time.Until(first.Token.Expiry))
		for range 5 {
			_, err := k.Fresh(t.Context(), key)
			is(t, err, keeper.ErrReauthorize)
			_, err = other.Fresh(t.Context(), key)
			is(t, err, keeper.ErrReauthorize)
			_, err = k.Renew(t.Context(), key, first.Token)
			is(t, err, keeper.ErrReauthorize)
		}
		w.calls(1)
		synctest.Wait()
		if len(told) != 1 {
			t.Fatalf("the hook was called %d times, want once", len(told))
		}
		r := w.stored()
		if r.State != token.Reauthorize || r.Reason != "invalid_grant" || r.Lease != (token.Lease{}) || r.Generation != 0 {
			t.Errorf("the row is %v, reason %q, lease %v", r, r.Reason, r.Lease)
		}
		if !r.Since.Equal(time.Now()) {
			t.Errorf("since %v, now is %v", r.Since, time.Now())
		}
	})
}

// Whatever asks for a dead grant costs the provider nothing, and the storage one look, and one more
// past its caches where it has any.
func TestDeadGrantIsNeverTried(t *testing.T) {
	for name, over := range storages() {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				k := w.over(over(w.engine))
				first := w.login(k, "a")
				w.p.grants["a"].dead = true
				time.Sleep(time.Until(first.Token.Expiry))
				_, err := k.Fresh(t.Context(), key)
				is(t, err, keeper.ErrReauthorize)
				w.calls(1)
				ops := make(map[string]int)
				w.seen = func(op string, _ token.Key) { ops[op]++ }
				for range 1000 {
					_, err := k.Fresh(t.Context(), key)
					is(t, err, keeper.ErrReauthorize)
					time.Sleep(time.Minute)
				}
				w.calls(1)
				if ops["get"] != 1000 || ops["load"] > 1000 || len(ops) > 2 {
					t.Errorf("1000 calls did %v", ops)
				}
			})
		})
	}
}

func TestRefusedAfterAnotherWon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		k := w.process(func(c *keeper.Config) {
			c.Reauthorize = func(context.Context, token.Key, token.Record) { t.Error("the hook was called") }
		})
		first := w.login(k, "a")
		time.Sleep(time.Until(first.Token.Expiry))
		w.p.after = func(int) error { // another took over and has stored its answer
			w.edit(func(r *token.Record) {
				r.Generation, r.Lease = 1, token.Lease{}
				w.p.mu.Lock()
				defer w.p.mu.Unlock()
				r.Token = w.p.issue(w.p.grants["a"])
			})
			return &keeper.Failure{Kind: keeper.Refused, Code: "invalid_grant"}
		}
		r, err := k.Fresh(t.Context(), key)
		w.good(r, err, 1)
		if got := w.stored().State; got != token.Active {
			t.Errorf("the winner's record is %v", got)
		}
	})
}

func TestRefusedAfterALoginThatIsDeadToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		k := w.process()
		first := w.login(k, "a")
		time.Sleep(time.Until(first.Token.Expiry))
		w.p.after = func(int) error {
			w.edit(func(r *token.Record) { r.Grant, r.State, r.Lease = "other", token.InDoubt, token.Lease{} })
			w.edit(func(r *token.Record) { r.Generation, r.State = 3, token.Reauthorize })
			return nil
		}
		_, err := k.Fresh(t.Context(), key)
		is(t, err, keeper.ErrReauthorize)
	})
}

func TestRefusedAfterAnotherMarked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		k := w.process(func(c *keeper.Config) {
			c.Reauthorize = func(context.Context, token.Key, token.Record) { t.Error("the hook was called again") }
		})
		first := w.login(k, "a")
		time.Sleep(time.Until(first.Token.Expiry))
		w.p.after = func(int) error {
			w.edit(func(r *token.Record) { r.State, r.Lease = token.Reauthorize, token.Lease{} })
			return &keeper.Failure{Kind: keeper.Refused, Code: "invalid_grant"}
		}
		_, err := k.Fresh(t.Context(), key)
		is(t, err, keeper.ErrReauthorize)
	})
}

func TestRefusedWhileAnotherTriesIsNotMarked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		k := w.process(func(c *keeper.Config) {
			c.Reauthorize = func(context.Context, token.Key, token.Record) { t.Error("the hook was called") }
		})
		first := w.login(k, "a")
		time.Sleep(time.Until(first.Token.Expiry))
		w.p.after = func(int) error {
			w.edit(func(r *token.Record) { r.Lease.Attempt = "other" })
			go func() {
				time.Sleep(5 * time.Second)
				w.edit(func(r *token.Record) {
					r.Generation, r.Lease = 1, token.Lease{}
					w.p.mu.Lock()
					defer w.p.mu.Unlock()
					r.Token = w.p.issue(w.p.grants["a"])
				})
			}()
			return &keeper.Failure{Kind: keeper.Refused, Code: "invalid_grant"}
		}
		r, err := k.Fresh(t.Context(), key)
		w.good(r, err, 1)
		w.calls(1)
	})
}

func TestMisconfiguredChangesNoRecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		k := w.process()
		first := w.login(k, "a")
		time.Sleep(time.Until(first.Token.Expiry))
		before := w.stored()
		w.p.before = func(int) error { return &keeper.Failure{Kind: keeper.Misconfigured, Code: "invalid_client"} }
		for range 5 {
			_, err := k.Fresh(t.Context(), key)
			if f := failure(t, err, keeper.Misconfigured); f.Code != "invalid_client" || f.RetryAfter <= 0 {
				t.Errorf("got %+v", f)
			}
		}
		w.calls(1)
		after := w.stored()
		if before.Version == after.Version {
			t.Error("nothing was claimed")
		}
		sameRecord(t, before, after)
		w.p.before = nil
		time.Sleep(10 * time.Second)
		r, err := k.Fresh(t.Context(), key)
		w.good(r, err, 1)
	})
}

func sameRecord(t *testing.T, a, b token.Record) {
	t.Helper()
	x, err1 := a.MarshalJSON()
	y, err2 := b.MarshalJSON()
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(x, y) {
		t.Error("the record changed")
	}
}

// What cannot be marked is dead all the same, and asked about when its lease is over.
func TestRefusedAndTheStorageIsDown(t *testing.T) {
	for name, fails := range map[string]func(op string, r token.Record) bool{
		"load": func(op string, _ token.Record) bool { return op == "load" },
		"swap": func(op string, r token.Record) bool { return op == "swap" && r.State == token.Reauthorize },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				k := w.process()
				first := w.login(k, "a")
				w.p.grants["a"].dead = true
				time.Sleep(time.Until(first.Token.Expiry))
				down := false
				w.fail = func(op string, r token.Record) error {
					if down && fails(op, r) {
						return errDown
					}
					return nil
				}
				w.p.hear = func(context.Context) { down = true }
				_, err := k.Fresh(t.Context(), key)
				is(t, err, keeper.ErrReauthorize)
				if got := w.stored().State; got != token.Active {
					t.Errorf("the grant is %v", got)
				}
				down, w.p.hear = false, nil
				_, err = k.Fresh(t.Context(), key)
				is(t, err, keeper.ErrReauthorize)
				w.calls(2)
				if got := w.stored().State; got != token.Reauthorize {
					t.Errorf("the grant is %v", got)
				}
			})
		})
	}
}
