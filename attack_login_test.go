package waltz_test

import (
	"errors"
	"net/http"
	"net/http/cookiejar"
	"slices"
	"strings"
	"testing"

	"github.com/waltz-oauth/waltz"
	"github.com/waltz-oauth/waltz/provider"
	"github.com/waltz-oauth/waltz/storage/memstore"
	"github.com/waltz-oauth/waltz/token"
	"github.com/waltz-oauth/waltz/waltztest"
)

// What follows attacks a login, and must get nowhere: no code is exchanged, or no token stored.

// victims is an application with users, where the victim is signed in as ada.
func victims(t *testing.T, r waltz.Registration) *world {
	t.Helper()
	w := newWorld(t, waltz.Config{Storage: memstore.New(), User: currentUser}, r)
	w.be(t, w.browser, "ada")
	return w
}

// attackers goes as far as the provider's answer in a browser of somebody else, and returns where that
// leads, without the scheme and host.
func (w *world) attackers(t *testing.T) string {
	t.Helper()
	victim := w.browser
	defer func() { w.browser = victim }()
	w.browser = waltztest.NewBrowser()
	w.be(t, w.browser, "mallory")
	return strings.TrimPrefix(w.callbackURL(t), w.URL)
}

// unharmed checks that nobody but ada's own login has led anywhere.
func (w *world) unharmed(t *testing.T) {
	t.Helper()
	if n := w.provider.Calls(waltztest.Exchange); n != 0 {
		t.Errorf("%d codes were exchanged", n)
	}
	for _, user := range []string{"ada", "mallory"} {
		if ok, err := w.consumer.Authorized(waltz.WithUser(t.Context(), user)); ok || err != nil {
			t.Errorf("%s has a token: %v, %v", user, ok, err)
		}
	}
}

// TestAttackLoginCSRF has the victim's browser finish the attacker's login, so that the victim would
// use the attacker's account (RFC 9700 section 4.7).
func TestAttackLoginCSRF(t *testing.T) {
	t.Parallel()
	w := victims(t, waltz.Registration{})
	callback := w.attackers(t)
	own := w.callbackURL(t) // the attacker's page has begun a login in the victim's browser too
	w.get(t, callback).want(t, http.StatusBadRequest, "This login is over")
	path, form, _ := strings.Cut(callback, "?")
	w.post(t, path, form).want(t, http.StatusBadRequest, "This login is over")
	w.unharmed(t)
	w.get(t, strings.TrimPrefix(own, w.URL)).want(t, http.StatusOK, "home") // which is left alone
}

// TestAttackStateFromAnotherBrowser has the victim consent to the attacker's login, whose address the
// attacker has sent along, so that the attacker would use the victim's account.
func TestAttackStateFromAnotherBrowser(t *testing.T) {
	t.Parallel()
	w := victims(t, waltz.Registration{})
	attacker := waltztest.NewBrowser()
	w.be(t, attacker, "mallory")
	hold(attacker)
	resp, err := attacker.Client.Do(request(t, http.MethodGet, w.URL+"/login/test", ""))
	sent := read(t, resp, err).header.Get("Location")
	resp, err = w.browser.Login(t.Context(), sent, "", waltztest.Allow)
	read(t, resp, err).want(t, http.StatusBadRequest, "This login is over")
	w.unharmed(t)
}

// TestAttackReplayedState sends the victim's own answer again, with the cookie and without.
func TestAttackReplayedState(t *testing.T) {
	t.Parallel()
	w := victims(t, waltz.Registration{})
	callback := strings.TrimPrefix(w.callbackURL(t), w.URL)
	u := request(t, http.MethodGet, w.URL, "").URL
	cookies := w.browser.Client.Jar.Cookies(u)
	w.get(t, callback).want(t, http.StatusOK, "home")
	if left := w.browser.Client.Jar.Cookies(u); len(left) != 1 { // that of the user
		t.Errorf("%d cookies are left, want 1", len(left))
	}
	w.get(t, callback).want(t, http.StatusBadRequest, "This login is over")
	w.browser.Client.Jar.SetCookies(u, cookies) // as a proxy that kept the request would
	w.get(t, callback).want(t, http.StatusBadRequest, "This login is over")
	if n := w.provider.Calls(waltztest.Exchange); n != 1 {
		t.Errorf("the code was sent %d times", n)
	}
}

// TestAttackCodeInjection puts the victim's code, which has leaked, into the attacker's own login
// (RFC 9700 section 4.5). PKCE stops it, and so does the nonce.
func TestAttackCodeInjection(t *testing.T) {
	t.Parallel()
	for name, defend := range map[string]func(*provider.Provider){
		"PKCE":  func(p *provider.Provider) { p.Issuer, p.IssParameter = "", false },
		"nonce": func(p *provider.Provider) { p.PKCE = provider.NoPKCE },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := waltztest.New(t, waltztest.Config{Behaviour: waltztest.Behaviour{WithoutPKCE: true}})
			p := server.Provider()
			defend(&p)
			w := victims(t, waltz.Registration{Provider: p})
			stolen := request(t, http.MethodGet, w.callbackURL(t), "").URL.Query().Get("code")
			w.browser = waltztest.NewBrowser()
			w.be(t, w.browser, "mallory")
			u := request(t, http.MethodGet, w.callbackURL(t), "").URL
			q := u.Query()
			q.Set("code", stolen)
			w.get(t, u.Path+"?"+q.Encode()).want(t, http.StatusBadGateway, "Nothing was stored")
			if n := server.Calls(waltztest.Exchange); n != 1 {
				t.Errorf("%d codes were exchanged, want 1, in vain", n)
			}
			if ok, err := w.consumer.Authorized(waltz.WithUser(t.Context(), "mallory")); ok || err != nil {
				t.Errorf("the attacker has a token: %v, %v", ok, err)
			}
		})
	}
}

// TestAttackSwitchedUser has the user of a browser change while a login is under way.
func TestAttackSwitchedUser(t *testing.T) {
	t.Parallel()
	for _, now := range []string{"mallory", ""} {
		w := victims(t, waltz.Registration{})
		callback := strings.TrimPrefix(w.callbackURL(t), w.URL)
		w.be(t, w.browser, now)
		w.get(t, callback).want(t, http.StatusConflict, "Somebody else is signed in")
		w.unharmed(t)
	}
}

// TestAttackJunkCookies fills the victim's browser with cookies that are no logins.
func TestAttackJunkCookies(t *testing.T) {
	t.Parallel()
	w := victims(t, waltz.Registration{})
	callback := strings.TrimPrefix(w.callbackURL(t), w.URL)
	u := request(t, http.MethodGet, w.URL, "").URL
	login := slices.DeleteFunc(w.browser.Client.Jar.Cookies(u), func(c *http.Cookie) bool { return c.Name == "user" })
	if len(login) != 1 {
		t.Fatalf("a login has %d cookies", len(login))
	}
	for _, c := range login {
		for _, junk := range []string{"", "junk", c.Value[:len(c.Value)-1], strings.Repeat("A", len(c.Value))} {
			jar, err := cookiejar.New(nil)
			if err != nil {
				t.Fatal(err)
			}
			w.browser.Client.Jar = jar
			w.be(t, w.browser, "ada")
			jar.SetCookies(u, []*http.Cookie{{Name: c.Name, Value: junk, Path: "/"}})
			w.get(t, callback).want(t, http.StatusBadRequest, "This login is over")
			if left := len(jar.Cookies(u)); left != 1 { // that of the user
				t.Errorf("%d cookies are left, want 1", left)
			}
		}
	}
	w.unharmed(t)
	if _, err := w.consumer.Token(waltz.WithUser(t.Context(), "ada")); !errors.Is(err, token.ErrNotFound) {
		t.Errorf("ada's token: %v", err)
	}
}
