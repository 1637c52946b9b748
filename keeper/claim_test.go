package keeper_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/waltz-oauth/waltz/keeper"
	"github.com/waltz-oauth/waltz/token"
)

func TestNothingIsSpentThatCouldNotBeStored(t *testing.T) {
	for _, name := range []string{"versioned", "three methods"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				s := token.Storage(shared{w.engine})
				if name != "versioned" {
					s = three{w.engine}
				}
				k := w.over(s)
				first := w.login(k, "a")
				time.Sleep(time.Until(first.Token.Expiry))
				w.fail = func(op string, _ token.Record) error {
					if op == "swap" || op == "set" {
						return errDown
					}
					return nil
				}
				_, err := k.Fresh(t.Context(), key)
				is(t, err, errDown)
				w.calls(0)
			})
		})
	}
}

func TestClaimIsALeaseWithNobodyHeldUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		k := w.process()
		first := w.login(k, "a")
		time.Sleep(time.Until(first.Token.Expiry))
		var lease token.Lease
		w.p.hear = func(context.Context) { lease = w.stored().Lease } // the engine's lock is free
		r, err := k.Fresh(t.Context(), key)
		w.good(r, err, 1)
		if lease.Attempt == "" || !lease.Until.Equal(time.Now().Add(time.Minute)) {
			t.Errorf("the lease was %v at %v", lease, time.Now())
		}
		if w.stored().Lease != (token.Lease{}) {
			t.Error("the lease outlived the refresh")
		}
	})
}

func TestClaimThatHappenedButWasNotAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		k := w.process()
		first := w.login(k, "a")
		time.Sleep(time.Until(first.Token.Expiry))
		w.lie = func(op string, r token.Record) error {
			if op == "swap" && r.Lease.Attempt != "" {
				return errNet
			}
			return nil
		}
		r, err := k.Fresh(t.Context(), key)
		w.good(r, err, 1)
		w.calls(1)
	})
}

// The claim did not happen, and by then another has one.
func TestClaimThatWasNotAnsweredAndIsAnothers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		k := w.process()
		first := w.login(k, "a")
		time.Sleep(time.Until(first.Token.Expiry))
		w.fail = func(op string, r token.Record) error {
			if op == "swap" && r.Lease.Attempt != "" {
				w.edit(func(r *token.Record) { r.Lease = token.Lease{Attempt: "other", Until: time.Now().Add(time.Minute)} })
				return errNet
			}
			return nil
		}
		_, err := k.Fresh(t.Context(), key)
		is(t, err, errNet)
		w.calls(0)
	})
}

func TestCommitThatHappenedButWasNotAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		told := 0
		k := w.process(func(c *keeper.Config) {
			c.Refreshed = func(context.Context, token.Key, token.Record) { told++ }
		})
		first := w.login(k, "a")
		time.Sleep(time.Until(first.Token.Expiry))
		lies := 0
		w.lie = func(op string, r token.Record) error {
			if op == "swap" && r.Generation == 1 {
				lies++
				return errNet
			}
			return nil
		}
		r, err := k.Fresh(t.Context(), key)
		w.good(r, err, 1)
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if lies != 1 || told != 1 {
			t.Errorf("%d swaps of the successor, the hook called %d times; want 1 and 1", lies, told)
		}
		w.good(w.stored(), nil, 1)
		if len(w.p.revoked) != 0 {
			t.Error("the stored token was revoked")
		}
	})
}

// Something else in the record changed, and the grant and the generation did not.
func TestCommitAfterAConflict(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		k := w.process()
		first := w.login(k, "a")
		time.Sleep(time.Until(first.Token.Expiry))
		w.p.hear = func(context.Context) { w.edit(func(r *token.Record) { r.Lease.Attempt = "other" }) }
		r, err := k.Fresh(t.Context(), key)
		w.good(r, err, 1)
		w.good(w.stored(), nil, 1)
	})
}

func TestCommitNeverGoesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		k := w.process()
		first := w.login(k, "a")
		time.Sleep(time.Until(first.Token.Expiry))
		w.p.hear = func(context.Context) { w.edit(func(r *token.Record) { r.Generation = 5 }) }
		r, err := k.Fresh(t.Context(), key)
		if err != nil || r.Generation != 5 {
			t.Errorf("got %v, %v; want what is stored", r, err)
		}
		synctest.Wait()
		if w.stored().Generation != 5 || len(w.p.revoked) != 0 {
			t.Error("a newer generation was written over, or its grant revoked")
		}
	})
}

func TestCommitMeetsARecordWithoutAToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		k := w.process()
		first := w.login(k, "a")
		time.Sleep(time.Until(first.Token.Expiry))
		w.p.after = func(int) error {
			w.edit(func(r *token.Record) { r.Generation, r.Token = 1, nil })
			return nil
		}
		if r, err := k.Fresh(t.Context(), key); err == nil {
			t.Errorf("got %v and no error", r)
		}
	})
}

func TestRecordWithoutATokenIsAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		k := w.process()
		first := w.login(k, "a")
		time.Sleep(time.Until(first.Token.Expiry))
		w.stale = map[token.Key]token.Record{key: w.stored()}
		w.edit(func(r *token.Record) { r.Token = nil })
		for range 2 {
			r, err := k.Fresh(t.Context(), key)
			var e *token.Error
			if !errors.As(err, &e) || e.Key != key {
				t.Errorf("got %v, %v", r, err)
			}
			w.stale = nil // so that it is seen at once
		}
		w.calls(0)
	})
}

// A process that was stopped in its claim must not use a lease that is nearly over.
func TestClaimThatTookTooLongIsNotUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		k := w.process()
		first := w.login(k, "a")
		time.Sleep(time.Until(first.Token.Expiry))
		before := w.stored()
		slow := true
		w.delay = func(op string) time.Duration {
			if op == "swap" && slow {
				slow = false
				return 31 * time.Second
			}
			return 0
		}
		_, err := k.Fresh(t.Context(), key)
		is(t, err, keeper.ErrRefreshInProgress)
		w.calls(0)
		sameRecord(t, before, w.stored())
	})
}

func TestAnswerIsMergedWithTheToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		k := w.over(shared{w.engine}, func(c *keeper.Config) { c.Refresher = frugal{} })
		old, err := (&token.Token{AccessToken: "fake-access", RefreshToken: "fake-refresh", Scopes: []string{"a"}, Expiry: time.Now()}).With("id_token", "fake-id")
		if err != nil {
			t.Fatal(err)
		}
		put, err := k.Put(t.Context(), key, old, "subject")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := k.Fresh(t.Context(), key); err != nil {
			t.Fatal(err)
		}
		r := w.stored()
		if r.Token.AccessToken != "fake-next" || r.Token.RefreshToken != "fake-refresh" || r.Token.ExtraString("id_token") != "fake-id" || len(r.Token.Scopes) != 1 {
			t.Errorf("got %v", r)
		}
		if r.Subject != "subject" || r.Grant != put.Grant || r.Generation != 1 || !r.RefreshAt.IsZero() {
			t.Errorf("got %v, subject %q, refresh at %v", r, r.Subject, r.RefreshAt)
		}
	})
}

// frugal is a provider whose answer is an access token and nothing else.
type frugal struct{}

func (frugal) Refresh(context.Context, token.Key, *token.Token) (*token.Token, error) {
	return &token.Token{AccessToken: "fake-next"}, nil
}
func (frugal) Revoke(context.Context, token.Key, *token.Token) error { return nil }

func TestAnswerWithoutATokenIsNoAnswer(t *testing.T) {
	for name, answer := range map[string]*token.Token{"nothing": nil, "empty": {}, "no text": {AccessToken: "\xff"}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				k := w.over(shared{w.engine}, func(c *keeper.Config) { c.Refresher = answers{answer} })
				first := w.login(k, "a")
				time.Sleep(time.Until(first.Token.Expiry))
				_, err := k.Fresh(t.Context(), key)
				failed(t, err, keeper.Doubtful)
			})
		})
	}
}

type answers struct{ t *token.Token }

func (a answers) Refresh(context.Context, token.Key, *token.Token) (*token.Token, error) {
	return a.t, nil
}
func (answers) Revoke(context.Context, token.Key, *token.Token) error { return nil }
