package keeper_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/waltz-oauth/waltz/keeper"
	"github.com/waltz-oauth/waltz/token"
)

// replica is a storage whose Load finds for some time what was there before.
type replica struct {
	shared
	old   token.Record
	until time.Time
	loads int
}

func (s *replica) Load(ctx context.Context, key token.Key) (token.Record, error) {
	if s.loads++; s.loads > 1000 { // without a pause time stands still here
		s.until = time.Time{}
	}
	if time.Now().Before(s.until) {
		return s.old, nil
	}
	return s.shared.Load(ctx, key)
}

// A swap that fails and a load that shows nothing new are tried again after a pause.
func TestConflictsAreNotTriedAgainAtOnce(t *testing.T) {
	const lag = 5 * time.Second
	tests := []struct {
		name string
		when func(w *world, s *replica)
		want error
	}{
		{"claim", func(w *world, s *replica) {
			s.old, s.until = w.stored(), time.Now().Add(lag)
			w.edit(func(*token.Record) {})
		}, nil},
		{"commit", func(w *world, s *replica) {
			w.p.hear = func(context.Context) {
				s.old, s.until = w.stored(), time.Now().Add(lag)
				w.edit(func(*token.Record) {})
			}
		}, nil},
		{"mark", func(w *world, s *replica) {
			w.p.hear = func(context.Context) {
				w.p.grants["a"].dead = true
				s.old, s.until = w.stored(), time.Now().Add(lag)
				w.edit(func(*token.Record) {})
			}
		}, keeper.ErrReauthorize},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				s := &replica{shared: shared{w.engine}}
				k := w.over(s)
				first := w.login(k, "a")
				time.Sleep(time.Until(first.Token.Expiry))
				tt.when(w, s)
				_, err := k.Fresh(t.Context(), key)
				is(t, err, tt.want)
				if dead := w.stored().State == token.Reauthorize; dead != (tt.want != nil) {
					t.Errorf("the grant is %v", w.stored().State)
				}
				w.calls(1)
				if s.loads > 40 {
					t.Errorf("%d loads in %v", s.loads, lag)
				}
			})
		})
	}
}
