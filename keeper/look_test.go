package keeper_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/waltz-oauth/waltz/keeper"
	"github.com/waltz-oauth/waltz/token"
)

// A cache says that the token may be refreshed, and the storage knows better.
func TestLookAgainBeforeTheClaim(t *testing.T) {
	tests := []struct {
		name    string
		expired bool
		stored  func(*token.Record)
		want    error // nil: the old token
	}{
		{"dead", true, func(r *token.Record) { r.State = token.Reauthorize }, keeper.ErrReauthorize},
		{"in doubt", false, func(r *token.Record) { r.State = token.InDoubt }, nil},
		{"a lease left behind", false, func(r *token.Record) {
			r.Lease = token.Lease{Attempt: "dead", Until: time.Now().Add(-time.Minute)}
		}, nil},
		{"in back-off", false, func(r *token.Record) { r.NotBefore = time.Now().Add(time.Hour) }, nil},
		{"no refresh token any more", true, func(r *token.Record) {
			r.Token = &token.Token{AccessToken: "fake", Expiry: r.Token.Expiry}
		}, keeper.ErrReauthorize},
		{"a login whose grant is dead", true, func(r *token.Record) {
			r.Grant, r.State = "other", token.Reauthorize
		}, keeper.ErrReauthorize},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				k := w.process()
				first := w.login(k, "a")
				time.Sleep(time.Until(first.Token.Expiry) - 5*time.Minute)
				if tt.expired {
					time.Sleep(5 * time.Minute)
				}
				w.stale = map[token.Key]token.Record{key: w.stored()}
				w.edit(tt.stored)
				for range 3 {
					r, err := k.Fresh(t.Context(), key)
					if !errors.Is(err, tt.want) || err == nil && r.Generation != 0 {
						t.Errorf("got %v, %v; want error %v", r, err, tt.want)
					}
					time.Sleep(40 * time.Second)
				}
				w.calls(0)
			})
		})
	}
}

// A cache shows a grant that is dead, and the person has logged in since, at another process.
func TestNobodyIsSentToLogInForWhatACacheShows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		k := w.process()
		w.login(k, "a")
		w.edit(func(r *token.Record) { r.State = token.Reauthorize })
		w.stale = map[token.Key]token.Record{key: w.stored()}
		_, err := k.Fresh(t.Context(), key)
		is(t, err, keeper.ErrReauthorize)
		w.login(w.process(), "b")
		r, err := k.Fresh(t.Context(), key)
		w.good(r, err, 0)
		w.calls(0)
	})
}

// Where the record itself says that there is nothing to be done ahead of its expiry, nothing is.
func TestNothingIsTriedAheadInVain(t *testing.T) {
	for name, change := range map[string]func(*token.Record){
		"in doubt":    func(r *token.Record) { r.State = token.InDoubt },
		"leased":      func(r *token.Record) { r.Lease = token.Lease{Attempt: "other", Until: time.Now().Add(time.Minute)} },
		"in back-off": func(r *token.Record) { r.NotBefore = time.Now().Add(time.Minute) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				k := w.process()
				first := w.login(k, "a")
				time.Sleep(time.Until(first.RefreshAt))
				w.edit(change)
				w.seen = func(op string, _ token.Key) {
					if op != "get" {
						t.Errorf("a call did %s", op)
					}
				}
				r, err := k.Fresh(t.Context(), key)
				w.good(r, err, 0)
				synctest.Wait()
			})
		})
	}
}

// The lease that one waits for ends with another's refresh of a token that is short-lived, or late
// by a clock that is ahead.
func TestWhatOneWaitedForIsServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		k := w.process()
		first := w.login(k, "a")
		time.Sleep(time.Until(first.Token.Expiry))
		w.edit(func(r *token.Record) { r.Lease = token.Lease{Attempt: "other", Until: time.Now().Add(time.Minute)} })
		go func() {
			time.Sleep(time.Second)
			w.edit(func(r *token.Record) { r.Generation, r.Lease = 1, token.Lease{} })
		}()
		r, err := k.Fresh(t.Context(), key)
		if err != nil || r.Generation != 1 {
			t.Errorf("got %v, %v; want what the other stored", r, err)
		}
		w.calls(0)
	})
}

// Each lease is watched for its whole length, and not the time since the first.
func TestEachLeaseIsWatched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		k := w.process()
		first := w.login(k, "a")
		time.Sleep(time.Until(first.Token.Expiry))
		w.edit(func(r *token.Record) { r.Lease = token.Lease{Attempt: "one", Until: time.Now()} })
		go func() { _, _ = k.Fresh(t.Context(), key) }()
		time.Sleep(50 * time.Second)
		w.edit(func(r *token.Record) { r.Lease = token.Lease{Attempt: "two", Until: time.Now()} })
		time.Sleep(65 * time.Second)
		w.calls(0)
	})
}
