package waltz_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz"
	"github.com/waltz-oauth/waltz/provider"
	"github.com/waltz-oauth/waltz/token"
	"github.com/waltz-oauth/waltz/waltztest"
)

func TestWhatALoginAsksForIsPushed(t *testing.T) {
	t.Parallel()
	s := waltztest.New(t, waltztest.Config{Behaviour: waltztest.Behaviour{PushOnly: true}})
	p := newProgram(t, s, waltz.Config{}, waltz.Registration{Hooks: waltz.Hooks{
		BeforeLogin: func(_ http.ResponseWriter, _ *http.Request, u *url.URL) error {
			q := u.Query()
			q.Set("scope", "openid notes")
			u.RawQuery = q.Encode()
			return nil
		},
	}})
	ctx, cancel := context.WithTimeout(waltz.WithUser(t.Context(), "7"), 30*time.Second)
	defer cancel()
	err := p.loopbackLogin(ctx, t, func(loginURL string) {
		peek := waltztest.NewBrowser()
		hold(peek)
		resp, err := visit(ctx, peek, loginURL)
		to, _ := url.Parse(read(t, resp, err).header.Get("Location"))
		if q := to.Query(); len(q) != 2 || q.Get("client_id") != s.ClientID || q.Get("request_uri") == "" {
			t.Errorf("the browser is told %d parameters", len(q))
		}
		s.Next(waltztest.Push, waltztest.Answer{Drop: true})
		resp, err = waltztest.NewBrowser().Login(ctx, loginURL, "", waltztest.Allow)
		if err == nil {
			read(t, resp, err)
			t.Error("a login that could not be pushed was let in")
		}
	})
	if e, ok := errors.AsType[*provider.Error](err); !ok || e.Op != "push" || e.Kind != provider.Doubtful || secret(err.Error()) {
		t.Errorf("got %v", err)
	}
	err = p.loopbackLogin(ctx, t, func(loginURL string) {
		resp, err := waltztest.NewBrowser().Login(ctx, loginURL, "", waltztest.Allow)
		read(t, resp, err).want(t, http.StatusOK, "Connected")
	})
	if err != nil {
		t.Fatal(err)
	}
	r, err := p.storage.Get(t.Context(), token.Key{Provider: "test", User: "7"})
	if err != nil || !slices.Equal(r.Token.Scopes, []string{"openid", "notes"}) {
		t.Errorf("what the hook asked for was not pushed: %v, %v", r, err)
	}
}

func TestProviderThatTakesOnlyPushedLoginsNeedsThemPushed(t *testing.T) {
	t.Parallel()
	s := waltztest.New(t, waltztest.Config{})
	for _, only := range []bool{false, true} {
		s.Behave(func(b *waltztest.Behaviour) { b.PushOnly = only })
		found, err := provider.Discover(t.Context(), nil, s.URL)
		if err != nil || (found.PushURL != "") != only || found.DeviceURL == "" {
			t.Errorf("push only %t: found %q and %q, %v", only, found.PushURL, found.DeviceURL, err)
		}
	}
}
