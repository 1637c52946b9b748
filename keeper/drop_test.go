package keeper_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/waltz-oauth/waltz/keeper"
	"github.com/waltz-oauth/waltz/token"
)

func TestDrop(t *testing.T) {
	unsent := &keeper.Failure{Kind: keeper.Unsent, Err: errNet}
	tests := []struct {
		name   string
		revoke func(n int) error
		tries  int
		want   error
	}{
		{"revoked", nil, 1, nil},
		{"not supported", func(int) error { return errors.ErrUnsupported }, 1, nil},
		{"dead already", func(int) error { return &keeper.Failure{Kind: keeper.Refused} }, 1, nil},
		{"answered at the second try", only(1, unsent), 2, nil},
		{"never answered", func(int) error { return unsent }, 2, keeper.ErrRevoke},
		{"of no kind", func(int) error { return errNet }, 2, keeper.ErrRevoke},
		{"misconfigured", func(int) error { return &keeper.Failure{Kind: keeper.Misconfigured, Err: errNet} }, 1, keeper.ErrRevoke},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.p.revoke = tt.revoke
				k := w.process()
				w.login(k, "a")
				err := k.Drop(t.Context(), key)
				is(t, err, tt.want)
				if tt.want != nil {
					is(t, err, errNet)
				}
				if w.p.tries != tt.tries {
					t.Errorf("%d tries, want %d", w.p.tries, tt.tries)
				}
				if _, err := w.get("get", key); !errors.Is(err, token.ErrNotFound) {
					t.Error("it is still there")
				}
			})
		})
	}
}

func TestDropRevokesWhatWasStoredMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		k := w.process()
		w.login(k, "a")
		w.p.revoke = func(int) error {
			w.p.revoke = nil
			w.edit(func(r *token.Record) {
				r.Generation++
				r.Token = &token.Token{AccessToken: "fake-access-a-1", RefreshToken: "fake-refresh-a-1"}
			})
			return nil
		}
		if err := k.Drop(t.Context(), key); err != nil {
			t.Fatal(err)
		}
		if !w.p.hasRevoked("fake-access-a-1") {
			t.Error("it lives on")
		}
	})
}

func TestDropDeletesWhatCannotBeRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		k := w.process()
		w.login(k, "a")
		w.fail = func(op string, _ token.Record) error {
			if op == "load" {
				return errDown
			}
			return nil
		}
		is(t, k.Drop(t.Context(), key), keeper.ErrRevoke)
		if _, err := w.get("get", key); !errors.Is(err, token.ErrNotFound) {
			t.Error("it is still there")
		}
	})
}

func TestDropRevokesWhatIsHeld(t *testing.T) {
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
		r, err := k.Fresh(t.Context(), key)
		w.good(r, err, 1)
		if err := k.Drop(t.Context(), key); err != nil {
			t.Fatal(err)
		}
		if !w.p.hasRevoked("fake-access-a-1") {
			t.Error("the successor lives on")
		}
		if _, err := k.Fresh(t.Context(), key); !errors.Is(err, token.ErrNotFound) {
			t.Errorf("after the logout: %v", err)
		}
	})
}

func TestDropOfNothingIsNoError(t *testing.T) {
	w := newWorld(t)
	ctx, _ := request(t.Context(), token.Key{}, token.Record{})
	for name, s := range map[string]token.Storage{"versioned": shared{w.engine}, "three methods": three{w.engine}, "session": session{}} {
		if err := w.over(s).Drop(ctx, key); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if w.p.tries != 0 {
		t.Error("something was revoked")
	}
}
