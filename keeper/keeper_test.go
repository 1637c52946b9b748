package keeper_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/waltz-oauth/waltz/keeper"
	"github.com/waltz-oauth/waltz/token"
)

func TestNewNeedsItsParts(t *testing.T) {
	full := keeper.Config{Storage: newEngine(), Refresher: newProvider()}
	if _, err := keeper.New(full); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]keeper.Config{
		"storage":   {Refresher: full.Refresher},
		"refresher": {Storage: full.Storage},
		"margin":    {Storage: full.Storage, Refresher: full.Refresher, Margin: -1},
		"lease":     {Storage: full.Storage, Refresher: full.Refresher, Lease: -1},
	} {
		if _, err := keeper.New(c); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestKeysThatCouldBeAnybodysAreRefused(t *testing.T) {
	w := newWorld(t)
	site := func(c *keeper.Config) { c.Site = true }
	own := func(c *keeper.Config) {
		c.Traits = func(provider string) keeper.Traits { return keeper.Traits{Own: provider == "machine"} }
	}
	tests := []struct {
		name string
		k    *keeper.Keeper
		key  token.Key
		want error
	}{
		{"no user", w.process(), token.Key{Provider: "example"}, token.ErrNoUser},
		{"no provider", w.process(site), token.Key{User: "7"}, token.ErrKey},
		{"site", w.process(site), token.Key{Provider: "example"}, token.ErrNotFound},
		{"session", w.over(session{}), token.Key{Provider: "example"}, token.ErrNotFound},
		{"the program's own", w.process(own), token.Key{Provider: "machine"}, token.ErrNotFound},
		{"not the program's own", w.process(own), token.Key{Provider: "example"}, token.ErrNoUser},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ctx, _ := request(t.Context(), token.Key{}, token.Record{})
			_, err := tt.k.Fresh(ctx, tt.key)
			is(t, err, tt.want)
			_, err = tt.k.Renew(ctx, tt.key, nil)
			is(t, err, tt.want)
			_, err = tt.k.Peek(ctx, tt.key)
			is(t, err, tt.want)
			want := tt.want
			if errors.Is(want, token.ErrNotFound) {
				want = nil
			}
			_, err = tt.k.Put(ctx, tt.key, &token.Token{AccessToken: "fake"}, "")
			is(t, err, want)
			is(t, tt.k.Drop(ctx, tt.key), want)
		})
	}
}

func TestPutStoresANewGrant(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		k := w.process()
		a, err := k.Put(t.Context(), key, w.p.login("a"), "subject")
		if err != nil {
			t.Fatal(err)
		}
		sameRecord(t, a, w.stored())
		if a.Grant == "" || a.Subject != "subject" || !a.RefreshAt.After(time.Now()) || !a.RefreshAt.Before(a.Token.Expiry) {
			t.Errorf("got %v, refresh at %v", a, a.RefreshAt)
		}
		if b := w.login(k, "b"); a.Grant == b.Grant {
			t.Error("two logins are one grant")
		}
		if _, err := k.Put(t.Context(), key, nil, ""); err == nil {
			t.Error("no token, and no error")
		}
		r, err := k.Peek(t.Context(), key)
		if err != nil || r.Token == nil {
			t.Errorf("got %v, %v", r, err)
		}
	})
}

func TestErrorsNameTheKeyAndNoSecret(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.p.before = func(int) error {
			return &keeper.Failure{Kind: keeper.Misconfigured, Code: "invalid_client", Err: errNet}
		}
		k := w.process()
		first := w.login(k, "a")
		time.Sleep(time.Until(first.Token.Expiry))
		_, err := k.Fresh(t.Context(), key)
		var e *token.Error
		if !errors.As(err, &e) || e.Op != "refresh" || e.Key != key {
			t.Errorf("got %#v", err)
		}
		if s := fmt.Sprintf("%v %+v", err, err); strings.Contains(s, "fake-") || !strings.Contains(s, `"invalid_client"`) {
			t.Errorf("got %q", s)
		}
	})
}
