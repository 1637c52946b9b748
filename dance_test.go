package waltz_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/waltz-oauth/waltz"
	"github.com/waltz-oauth/waltz/waltztest"
)

func TestTheWholeDance(t *testing.T) {
	t.Parallel()
	for name, s := range storages(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, waltz.Config{Storage: s}, waltz.Registration{})

			w.get(t, "/record").want(t, http.StatusNotFound, "no token")
			p := w.login(t, waltztest.Allow)
			p.want(t, http.StatusOK, "record(token(")
			if p.path != "/record" {
				t.Errorf("the login led to %s", p.path)
			}
			w.get(t, "/user").want(t, http.StatusOK, "Demo Ada")
			if n := w.provider.Calls(waltztest.Refresh); n != 0 {
				t.Errorf("a fresh token was refreshed %d times", n)
			}

			w.post(t, "/expire", "").want(t, http.StatusOK, "")
			w.get(t, "/user").want(t, http.StatusOK, "Demo Ada")
			w.get(t, "/user").want(t, http.StatusOK, "Demo Ada")
			w.get(t, "/record").want(t, http.StatusOK, "active, generation 1")
			if n := w.provider.Calls(waltztest.Refresh); n != 1 {
				t.Errorf("refreshed %d times, want once", n)
			}

			w.post(t, "/login/test/disconnect", "").want(t, http.StatusOK, "home")
			w.get(t, "/record").want(t, http.StatusNotFound, "no token")
			if n := w.provider.Calls(waltztest.Revoke); n == 0 {
				t.Error("nothing was revoked")
			}
		})
	}
}

func TestTwentyRequestsOnAnExpiredTokenRefreshItOnce(t *testing.T) {
	t.Parallel()
	for name, s := range storages(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, waltz.Config{Storage: s}, waltz.Registration{})
			w.login(t, waltztest.Allow).want(t, http.StatusOK, "record(")
			w.post(t, "/expire", "").want(t, http.StatusOK, "")

			// As a browser does it: all leave with the same cookies, and the answers' are kept.
			var all sync.WaitGroup
			for range 20 {
				all.Go(func() { w.get(t, "/user").want(t, http.StatusOK, "Demo Ada") })
			}
			all.Wait()
			if n := w.provider.Calls(waltztest.Refresh); n != 1 {
				t.Errorf("refreshed %d times, want once", n)
			}
			w.get(t, "/record").want(t, http.StatusOK, "generation 1")
		})
	}
}

func TestSeveralTabsLogInAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, waltz.Config{}, waltz.Registration{})
	var callbacks []string
	for range 3 { // three consent pages are open before the first is answered
		callbacks = append(callbacks, w.callbackURL(t))
	}
	for i, callback := range callbacks {
		resp, err := w.browser.Client.Do(request(t, http.MethodGet, callback, ""))
		if p := read(t, resp, err); p.status != http.StatusOK || p.path != "/" {
			t.Errorf("tab %d ended at %s with %d", i, p.path, p.status)
		}
	}
}

func TestACallbackThatComesTwiceSpendsItsCodeOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, waltz.Config{}, waltz.Registration{})
	callback := strings.TrimPrefix(w.callbackURL(t), w.URL)
	u := request(t, http.MethodGet, w.URL, "").URL
	cookies := w.browser.Client.Jar.Cookies(u) // those of the login under way
	hold(w.browser)
	w.get(t, callback).want(t, http.StatusSeeOther, "")
	w.browser.Client.Jar.SetCookies(u, cookies) // as when both left before the first was answered
	w.get(t, callback).want(t, http.StatusBadRequest, "This login is over")
	if n := w.provider.Calls(waltztest.Exchange); n != 1 {
		t.Errorf("the code was sent %d times", n)
	}
	w.get(t, "/user").want(t, http.StatusOK, "Demo Ada")
}

func TestAFlowCookieIsOneThatBrowsersKeep(t *testing.T) {
	t.Parallel()
	w := newWorld(t, waltz.Config{User: currentUser}, waltz.Registration{})
	w.be(t, w.browser, strings.Repeat("u", 3000))
	hold(w.browser)
	next := "/?" + strings.Repeat("&", 1498)
	p := w.get(t, w.consumer.LoginURL(next))
	p.want(t, http.StatusFound, "")
	if n := len(p.header.Get("Set-Cookie")); n == 0 || n > 4096 {
		t.Errorf("the cookie has %d bytes", n)
	}
}

func TestLoginsUnderWayAreCapped(t *testing.T) {
	t.Parallel()
	w := newWorld(t, waltz.Config{}, waltz.Registration{})
	hold(w.browser)
	for range 20 {
		w.get(t, "/login/test").want(t, http.StatusFound, "")
	}
	n := len(w.browser.Client.Jar.Cookies(request(t, http.MethodGet, w.URL, "").URL))
	if n != 6 {
		t.Errorf("%d logins under way are kept, want 6", n)
	}
}

// callbackURL goes as far as the provider's answer, and returns where that sends the browser.
func (w *world) callbackURL(t *testing.T) string {
	t.Helper()
	follow := w.browser.Client.CheckRedirect
	defer func() { w.browser.Client.CheckRedirect = follow }()
	w.browser.Client.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		if strings.HasSuffix(r.URL.Path, "/authorized") {
			return http.ErrUseLastResponse
		}
		return nil
	}
	resp, err := w.browser.Login(t.Context(), w.URL+"/login/test", "", waltztest.Allow)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	return resp.Header.Get("Location")
}

func TestStorageOfUsersKeepsThemApart(t *testing.T) {
	t.Parallel()
	for name, s := range storages(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, waltz.Config{Storage: s, User: currentUser, SignIn: "/"}, waltz.Registration{})
			w.be(t, w.browser, "ada")
			w.login(t, waltztest.Allow).want(t, http.StatusOK, "record(")
			w.be(t, w.browser, "ben")
			w.get(t, "/record").want(t, http.StatusNotFound, "no token")
			w.post(t, "/login/test/disconnect", "").want(t, http.StatusOK, "home")
			w.be(t, w.browser, "ada")
			w.get(t, "/record").want(t, http.StatusOK, "record(")

			if s == nil {
				return
			}
			ctx := waltz.WithUser(t.Context(), "ada") // as a worker has it
			if tok, err := w.consumer.Token(ctx); err != nil || tok.AccessToken == "" {
				t.Errorf("a worker's token of ada: %v", err)
			}
			if o, err := w.consumer.TokenSource(ctx).Token(); err != nil || !o.Valid() || o.Extra("id_token") == nil {
				t.Errorf("TokenSource: %v, or it lacks what the provider returned", err)
			}
			if ok, err := w.consumer.Authorized(waltz.WithUser(t.Context(), "ben")); ok || err != nil {
				t.Errorf("ben is authorized: %v, %v", ok, err)
			}
		})
	}
}
