package keeper_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/waltz-oauth/waltz/keeper"
	"github.com/waltz-oauth/waltz/token"
)

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// A process that dies between the claim and the commit may have sent the refresh token or not.
func TestKilledProcessLeavesGrantInDoubt(t *testing.T) {
	tests := []struct {
		name    string
		lenient bool
		kill    func(*provider)
		lost    bool
	}{
		{"before sending", false, func(p *provider) {
			p.before = func(n int) error {
				if n == 1 {
					runtime.Goexit()
				}
				return nil
			}
		}, false},
		{"after sending, one retry allowed", true, func(p *provider) {
			p.after = func(n int) error {
				if n == 1 {
					runtime.Goexit()
				}
				return nil
			}
		}, false},
		{"after sending, strictly once", false, func(p *provider) {
			p.after = func(n int) error {
				if n == 1 {
					runtime.Goexit()
				}
				return nil
			}
		}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.p.lenient = tt.lenient
				tt.kill(w.p)
				dies, lives := w.process(), w.process()
				first := w.login(dies, "a")
				time.Sleep(time.Until(first.RefreshAt))
				_, err := dies.Fresh(t.Context(), key) // in the background
				if err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				if w.stored().Lease.Attempt == "" {
					t.Fatal("no lease was left behind")
				}
				for time.Until(first.Token.Expiry) > 10*time.Second {
					r, err := lives.Fresh(t.Context(), key)
					if err != nil || r.Generation != 0 {
						t.Fatalf("before the expiry: got %v, %v", r, err)
					}
					time.Sleep(5 * time.Second)
				}
				w.calls(1)
				time.Sleep(10 * time.Second)
				r, err := lives.Fresh(t.Context(), key)
				w.calls(2)
				if tt.lost {
					is(t, err, keeper.ErrReauthorize)
				} else {
					w.good(r, err, 1)
				}
				time.Sleep(time.Minute)
				_, _ = lives.Fresh(t.Context(), key)
				w.calls(2)
			})
		})
	}
}

func TestTakeoverIsInDoubt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		k := w.process()
		r := w.login(k, "a")
		time.Sleep(time.Until(r.Token.Expiry))
		w.edit(func(r *token.Record) { r.Lease = token.Lease{Attempt: "dead", Until: time.Now()} })
		w.p.delay = time.Second
		go func() { _, _ = k.Fresh(t.Context(), key) }()
		time.Sleep(67 * time.Second)
		if got := w.stored().State; got != token.InDoubt {
			t.Errorf("while it is tried again the grant is %v", got)
		}
		time.Sleep(time.Second)
		if got := w.stored().State; got != token.Active {
			t.Errorf("after the answer the grant is %v", got)
		}
	})
}

func TestStorageDownAfterRotation(t *testing.T) {
	for _, name := range []string{"versioned", "three methods"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				var log bytes.Buffer
				var told atomic.Int32
				s := token.Storage(shared{w.engine})
				if name != "versioned" {
					s = three{w.engine}
				}
				k := w.over(s, func(c *keeper.Config) {
					c.Logger = slog.New(slog.NewTextHandler(&log, nil))
					c.Refreshed = func(context.Context, token.Key, token.Record) { told.Add(1) }
				})
				first := w.login(k, "a")
				time.Sleep(time.Until(first.Token.Expiry))
				var down, unreadable atomic.Bool
				w.p.after = func(n int) error { down.Store(n == 1); return nil }
				w.fail = func(op string, _ token.Record) error {
					if down.Load() && op != "get" || unreadable.Load() {
						return errDown
					}
					return nil
				}
				for range 50 {
					r, err := k.Fresh(t.Context(), key)
					w.good(r, err, 1)
					time.Sleep(time.Second)
				}
				w.calls(1)
				if told.Load() != 0 {
					t.Error("the hook was told of what is not stored")
				}
				unreadable.Store(true)
				r, err := k.Fresh(t.Context(), key)
				w.good(r, err, 1)

				time.Sleep(time.Until(r.Token.Expiry)) // the successor is spent as soon as it is stored, and not before
				_, err = k.Fresh(t.Context(), key)
				is(t, err, errDown)
				w.calls(1)
				down.Store(false)
				unreadable.Store(false)
				r, err = k.Fresh(t.Context(), key)
				w.good(r, err, 2)
				synctest.Wait()
				w.good(w.stored(), nil, 2)
				w.calls(2)
				if told.Load() != 2 {
					t.Errorf("the hook was called %d times, want 2", told.Load())
				}
				if !strings.Contains(log.String(), "level=ERROR") {
					t.Error("nothing was said")
				}
			})
		})
	}
}

func TestHeldSuccessorIsStoredByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		k := w.process()
		first := w.login(k, "a")
		time.Sleep(time.Until(first.Token.Expiry))
		var down atomic.Bool
		down.Store(true)
		w.fail = func(op string, r token.Record) error {
			if op == "swap" && r.Generation == 1 && down.Load() {
				return errDown
			}
			return nil
		}
		_, err := k.Fresh(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Minute)
		down.Store(false)
		time.Sleep(2 * time.Minute)
		w.good(w.stored(), nil, 1)
	})
}

func TestShutdownStoresWhatIsHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		k := w.process()
		first := w.login(k, "a")
		time.Sleep(time.Until(first.Token.Expiry))
		var down atomic.Bool
		down.Store(true)
		w.fail = func(op string, r token.Record) error {
			if op == "swap" && r.Generation == 1 && down.Load() {
				return errDown
			}
			return nil
		}
		if _, err := k.Fresh(t.Context(), key); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Minute)
		go func() {
			time.Sleep(5 * time.Second)
			down.Store(false)
		}()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if err := k.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		w.good(w.stored(), nil, 1)
	})
}

func TestShutdownGivesUpWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		k := w.process()
		first := w.login(k, "a")
		time.Sleep(time.Until(first.Token.Expiry))
		w.fail = func(op string, r token.Record) error {
			if op == "swap" && r.Generation == 1 {
				return errDown
			}
			return nil
		}
		if _, err := k.Fresh(t.Context(), key); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		is(t, k.Shutdown(ctx), context.DeadlineExceeded)
	})
}

// The provider answers after the lease has run out. By then another process has taken over, and was
// refused, as the refresh token was spent.
func TestLateWinnerStillCommits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.p.mild = true
		slow, other := w.process(), w.process()
		first := w.login(slow, "a")
		time.Sleep(time.Until(first.Token.Expiry))
		w.p.delay = 2 * time.Minute
		var told atomic.Int32
		go func() {
			r, err := slow.Fresh(t.Context(), key)
			w.good(r, err, 1)
			told.Add(1)
		}()
		time.Sleep(time.Second)
		w.p.slow(0)
		_, err := other.Fresh(t.Context(), key)
		is(t, err, keeper.ErrReauthorize)
		w.calls(2)
		if got := w.stored().State; got != token.Reauthorize {
			t.Errorf("the grant is %v", got)
		}
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if told.Load() != 1 {
			t.Error("the winner got nothing")
		}
		if got := w.stored(); got.State != token.Active {
			t.Errorf("the live token is stored as %v", got.State)
		}
		r, err := other.Fresh(t.Context(), key)
		w.good(r, err, 1)
	})
}

func TestNoTakeoverBeforeTheLeaseIsOver(t *testing.T) {
	const skew = 10 * time.Minute
	tests := []struct {
		name  string
		clock func() time.Time // the engine's
		until time.Duration    // from now on, as its holder wrote it
		quiet time.Duration    // no takeover until then
	}{
		{"engine's clock, ours ahead", func() time.Time { return time.Now().Add(-skew) }, -skew + time.Minute, 65 * time.Second},
		{"engine's clock, ours behind", func() time.Time { return time.Now().Add(skew) }, skew + time.Minute, 65 * time.Second},
		{"no clock, the holder's behind", nil, -skew, 65 * time.Second},
		{"no clock, the holder's ahead", nil, skew, 65 * time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.clock = tt.clock
				k := w.process()
				first := w.login(k, "a")
				time.Sleep(time.Until(first.Token.Expiry))
				w.edit(func(r *token.Record) {
					r.Lease = token.Lease{Attempt: "other", Until: time.Now().Add(tt.until)}
				})
				done := make(chan struct{})
				go func() {
					defer close(done)
					r, err := k.Fresh(t.Context(), key)
					w.good(r, err, 1)
				}()
				time.Sleep(tt.quiet)
				w.calls(0)
				time.Sleep(2 * time.Second)
				w.calls(1)
				<-done
			})
		})
	}
}

func TestLeaseIsByTheEnginesClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.clock = func() time.Time { return time.Now().Add(-10 * time.Minute) }
		k := w.process()
		first := w.login(k, "a")
		time.Sleep(time.Until(first.Token.Expiry))
		var lease token.Lease
		w.p.hear = func(context.Context) { lease = w.stored().Lease }
		if _, err := k.Fresh(t.Context(), key); err != nil {
			t.Fatal(err)
		}
		if left := lease.Until.Sub(w.clock()); left < 59*time.Second || left > time.Minute {
			t.Errorf("the lease has %v left by the engine's clock, want a minute", left)
		}
	})
}

func TestStaleCacheSpendsWhatIsStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		k, other := w.process(), w.process()
		first := w.login(k, "a")
		time.Sleep(time.Until(first.Token.Expiry))
		old := w.stored()
		for generation := range uint64(2) {
			r, err := other.Fresh(t.Context(), key)
			w.good(r, err, generation+1)
			time.Sleep(time.Until(r.Token.Expiry))
		}
		w.stale = map[token.Key]token.Record{key: old}
		r, err := k.Fresh(t.Context(), key)
		w.good(r, err, 3)
		r, err = k.Fresh(t.Context(), key) // still stale, and now the record is fresh
		w.good(r, err, 3)
		w.calls(3)

		time.Sleep(2 * time.Minute)
		r, err = k.Renew(t.Context(), key, old.Token)
		w.good(r, err, 3)
		w.calls(3)
	})
}

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
			if f := failed(t, err, keeper.Misconfigured); f.Code != "invalid_client" || f.RetryAfter <= 0 {
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

func TestLimitedMakesEveryProcessWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
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
				f := failed(t, err, keeper.Limited)
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

func TestUnansweredIsInDoubtAndNeverDead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.p.before = doubtful
		a, b := w.process(), w.process()
		first := w.login(a, "a")
		time.Sleep(time.Until(first.RefreshAt))
		for time.Until(first.Token.Expiry) > 0 { // one try, and then the old token is served
			r, err := a.Fresh(t.Context(), key)
			if err != nil || r.Generation != 0 {
				t.Fatalf("got %v, %v", r, err)
			}
			synctest.Wait()
			time.Sleep(time.Second)
		}
		w.calls(1)
		if got := w.stored().State; got != token.InDoubt {
			t.Fatalf("the grant is %v", got)
		}
		for range 24 * 60 { // a day of it
			for _, k := range []*keeper.Keeper{a, b} {
				_, err := k.Fresh(t.Context(), key)
				if f := failed(t, err, keeper.Doubtful); f.RetryAfter <= 0 {
					t.Fatal("the failure does not say when to try again")
				}
			}
			time.Sleep(time.Minute)
		}
		if calls := w.p.called(); calls < 24*4 || calls > 24*8 {
			t.Errorf("the provider was called %d times in a day", calls)
		}
		if got := w.stored().State; got != token.InDoubt {
			t.Errorf("the grant is %v", got)
		}
		w.p.before = nil
		time.Sleep(15 * time.Minute)
		r, err := b.Fresh(t.Context(), key)
		w.good(r, err, 1)
		if r.State != token.Active {
			t.Errorf("after an answer the grant is %v", r.State)
		}
	})
}

func TestErrorOfNoKindIsDoubtful(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.p.before = only(1, errNet)
		k := w.process()
		first := w.login(k, "a")
		time.Sleep(time.Until(first.Token.Expiry))
		_, err := k.Fresh(t.Context(), key)
		failed(t, err, keeper.Doubtful)
		is(t, err, errNet)
		if got := w.stored().State; got != token.InDoubt {
			t.Errorf("the grant is %v", got)
		}
	})
}

func TestLoginWhileRefreshing(t *testing.T) {
	for _, name := range []string{"versioned", "three methods"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.p.delay = 10 * time.Second
				s := token.Storage(shared{w.engine})
				if name != "versioned" {
					s = three{w.engine}
				}
				k := w.over(s)
				first := w.login(k, "a")
				time.Sleep(time.Until(first.Token.Expiry))
				go func() {
					r, err := k.Fresh(t.Context(), key)
					w.good(r, err, 0)
				}()
				time.Sleep(time.Second)
				second := w.login(k, "b")
				time.Sleep(10 * time.Second)
				synctest.Wait()
				if r := w.stored(); r.Grant != second.Grant || r.Generation != 0 {
					t.Errorf("the new login was overwritten by %v", r)
				}
				if !w.p.hasRevoked("fake-access-a-1") {
					t.Error("what came for the old grant was not revoked")
				}
			})
		})
	}
}

func TestLogoutWhileRefreshing(t *testing.T) {
	for _, name := range []string{"versioned", "three methods"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.p.delay = 10 * time.Second
				s := token.Storage(shared{w.engine})
				if name != "versioned" {
					s = three{w.engine}
				}
				k := w.over(s)
				first := w.login(k, "a")
				time.Sleep(time.Until(first.Token.Expiry))
				go func() {
					_, err := k.Fresh(t.Context(), key)
					is(t, err, token.ErrNotFound)
				}()
				time.Sleep(time.Second)
				if err := k.Drop(t.Context(), key); err != nil {
					t.Fatal(err)
				}
				time.Sleep(10 * time.Second)
				synctest.Wait()
				if _, err := w.get("get", key); !errors.Is(err, token.ErrNotFound) {
					t.Errorf("the row came back: %v", err)
				}
				if !w.p.hasRevoked("fake-access-a-1") {
					t.Error("what came was not revoked")
				}
			})
		})
	}
}
