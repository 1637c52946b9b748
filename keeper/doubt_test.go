package keeper_test

import (
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/waltz-oauth/waltz/keeper"
	"github.com/waltz-oauth/waltz/token"
)

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
					began := time.Now()
					r, err := lives.Fresh(t.Context(), key)
					if err != nil || r.Generation != 0 {
						t.Fatalf("before the expiry: got %v, %v", r, err)
					}
					if abandoned := time.Since(w.stored().Lease.Until) >= 0; abandoned && time.Since(began) != 0 {
						t.Fatalf("before the expiry: waited %v for the dead", time.Since(began))
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

// What only one process writes has no lease: it would keep the next process waiting.
func TestKilledProcessLeavesNoLeaseWhereNobodySharesIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.p.before = func(n int) error {
			if n == 1 {
				runtime.Goexit()
			}
			return nil
		}
		first := w.login(w.over(three{w.engine}), "a")
		time.Sleep(time.Until(first.Token.Expiry))
		if r, err := w.over(three{w.engine}).Fresh(t.Context(), key); err == nil {
			t.Fatalf("got %v and no error", r)
		}
		began := time.Now()
		r, err := w.over(three{w.engine}).Fresh(t.Context(), key)
		w.good(r, err, 1)
		if waited := time.Since(began); waited != 0 {
			t.Errorf("the next process waited %v", waited)
		}
	})
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
				if f := failure(t, err, keeper.Doubtful); f.RetryAfter <= 0 {
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
