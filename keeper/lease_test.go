package keeper_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/waltz-oauth/waltz/keeper"
	"github.com/waltz-oauth/waltz/token"
)

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
			w.gets(r, err, 1)
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
					w.gets(r, err, 1)
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

// Whoever waits for a process that died waits no longer than the old token lives.
func TestOldTokenIsServedWhileADeadProcessHasTheLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		k := w.process()
		first := w.login(k, "a")
		time.Sleep(time.Until(first.Token.Expiry) - 20*time.Second)
		w.edit(func(r *token.Record) { r.Lease = token.Lease{Attempt: "dead", Until: time.Now().Add(time.Minute)} })
		r, err := k.Fresh(t.Context(), key)
		w.good(r, err, 0)
		if !time.Now().Before(r.Token.Expiry) {
			t.Error("the old token has expired meanwhile")
		}
		time.Sleep(2 * time.Minute)
		r, err = k.Fresh(t.Context(), key)
		w.good(r, err, 1)
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
