package waltz_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz"
	"github.com/waltz-oauth/waltz/storage/memstore"
	"github.com/waltz-oauth/waltz/waltztest"
)

const minute = time.Minute

func victims1(t *testing.T) *world {
	t.Helper()
	w := newWorld1(t, waltz.Config{Storage: memstore.New(), User: currentUser}, waltz.Registration{})
	w.be(t, w.browser, "ada")
	return w
}

// TestAttackOAuth1LoginOfAnotherBrowser has the victim finish the attacker's login, alone and while a login
// of the victim's own is under way: OAuth 1 has no state that would tell them apart, and the cookie does.
func TestAttackOAuth1LoginOfAnotherBrowser(t *testing.T) {
	t.Parallel()
	w := victims1(t)
	theirs := w.attackers(t)
	w.get(t, theirs).want(t, http.StatusBadRequest, "This login is over")

	own := request(t, http.MethodGet, w.callbackURL(t), "").URL
	attackers := request(t, http.MethodGet, w.URL+w.attackers(t), "").URL
	q := own.Query()
	q.Set("oauth_token", attackers.Query().Get("oauth_token"))
	w.get(t, own.Path+"?"+q.Encode()).want(t, http.StatusBadRequest, "This login is over")
	q.Set("oauth_verifier", attackers.Query().Get("oauth_verifier"))
	w.get(t, own.Path+"?"+q.Encode()).want(t, http.StatusBadRequest, "This login is over")
	w.unharmed(t)
}

// TestAttackOAuth1VerifierOfAnotherLogin puts the attacker's verifier into the victim's login.
func TestAttackOAuth1VerifierOfAnotherLogin(t *testing.T) {
	t.Parallel()
	w := victims1(t)
	own := request(t, http.MethodGet, w.callbackURL(t), "").URL
	q := own.Query()
	q.Set("oauth_verifier", request(t, http.MethodGet, w.URL+w.attackers(t), "").URL.Query().Get("oauth_verifier"))
	w.get(t, own.Path+"?"+q.Encode()).want(t, http.StatusBadGateway, "Nothing was stored")
	if ok, err := w.consumer.Authorized(waltz.WithUser(t.Context(), "ada")); ok || err != nil {
		t.Errorf("there is a token: %v, %v", ok, err)
	}
}

// TestAttackOAuth1Parameters leaves each parameter of the callback out, and sends it twice.
func TestAttackOAuth1Parameters(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(q url.Values)
		status int
	}{
		"no request token":    {func(q url.Values) { q.Del("oauth_token") }, http.StatusBadRequest},
		"an empty one":        {func(q url.Values) { q.Set("oauth_token", "") }, http.StatusBadRequest},
		"two request tokens":  {func(q url.Values) { q.Add("oauth_token", q.Get("oauth_token")) }, http.StatusBadRequest},
		"a state":             {func(q url.Values) { q.Set("state", q.Get("oauth_token")); q.Del("oauth_token") }, http.StatusBadRequest},
		"no verifier":         {func(q url.Values) { q.Del("oauth_verifier") }, http.StatusForbidden},
		"an empty verifier":   {func(q url.Values) { q.Set("oauth_verifier", "") }, http.StatusForbidden},
		"two verifiers":       {func(q url.Values) { q.Add("oauth_verifier", "another") }, http.StatusBadGateway},
		"two empty verifiers": {func(q url.Values) { q["oauth_verifier"] = []string{"", ""} }, http.StatusBadGateway},
		"a code":              {func(q url.Values) { q.Set("code", q.Get("oauth_verifier")); q.Del("oauth_verifier") }, http.StatusForbidden},
		"yes and no":          {func(q url.Values) { q.Set("denied", q.Get("oauth_token")) }, http.StatusForbidden},
		"a problem":           {func(q url.Values) { q.Set("oauth_problem", "permission_denied") }, http.StatusForbidden},
		"another problem":     {func(q url.Values) { q.Set("oauth_problem", "<script>") }, http.StatusBadGateway},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := victims1(t)
			u := request(t, http.MethodGet, w.callbackURL(t), "").URL
			q := u.Query()
			tt.change(q)
			w.get(t, u.Path+"?"+q.Encode()).want(t, tt.status, "")
			w.unharmed(t)
		})
	}
}

// TestAttackOAuth1Replay sends the same callback twice, also with the cookie that the first took away.
func TestAttackOAuth1Replay(t *testing.T) {
	t.Parallel()
	w := victims1(t)
	u := request(t, http.MethodGet, w.callbackURL(t), "").URL
	before := w.browser.Client.Jar.Cookies(u)
	w.get(t, u.Path+"?"+u.RawQuery).want(t, http.StatusOK, "home")
	w.get(t, u.Path+"?"+u.RawQuery).want(t, http.StatusBadRequest, "This login is over")
	w.browser.Client.Jar.SetCookies(u, before)
	w.get(t, u.Path+"?"+u.RawQuery).want(t, http.StatusBadRequest, "This login is over")
	if n := w.provider.Calls(waltztest.Exchange); n != 1 {
		t.Errorf("%d exchanges", n)
	}
}

// TestAttackOAuth1SecretInTheCookie reads the cookies of a login under way, and of a session after it.
func TestAttackOAuth1SecretInTheCookie(t *testing.T) {
	t.Parallel()
	w := newWorld1(t, waltz.Config{}, waltz.Registration{})
	u := request(t, http.MethodGet, w.callbackURL(t), "").URL
	look := func() {
		t.Helper()
		cookies := w.browser.Client.Jar.Cookies(u)
		if len(cookies) == 0 {
			t.Error("there is no cookie")
		}
		for _, c := range cookies {
			if secret(c.Value) || secret(c.Name) {
				t.Errorf("a secret is in %s", c.Name)
			}
		}
	}
	look()
	w.get(t, u.Path+"?"+u.RawQuery).want(t, http.StatusOK, "home")
	look()
}

// TestAttackOAuth1HugeRequestToken gives a request token that no browser would keep the cookie of.
func TestAttackOAuth1HugeRequestToken(t *testing.T) {
	t.Parallel()
	w := newWorld1(t, waltz.Config{}, waltz.Registration{})
	w.provider.Next(waltztest.Request, waltztest.Answer{
		Status: http.StatusOK, Body: "oauth_token=x&oauth_token_secret=" + strings.Repeat("y", 5000) + "&oauth_callback_confirmed=true",
	})
	w.get(t, "/login/test").want(t, http.StatusInternalServerError, "")
}

// TestAttackOAuth1ForeignHost leads a signed request away from the provider, and back again.
func TestAttackOAuth1ForeignHost(t *testing.T) {
	t.Parallel()
	w := newWorld1(t, waltz.Config{Storage: memstore.New()}, waltz.Registration{})
	w.login(t, waltztest.Allow).want(t, http.StatusOK, "record(")
	var headers []string
	foreign := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		headers = append(headers, r.Header.Get("Authorization"))
		if r.URL.Path == "/back" {
			http.Redirect(rw, r, w.provider.URL+"/api/user", http.StatusFound)
		}
	}))
	t.Cleanup(foreign.Close)
	api := w.consumer.Client(t.Context())
	resp, err := api.Get("/redirect?to=" + url.QueryEscape(foreign.URL+"/stay"))
	read(t, resp, err).want(t, http.StatusOK, "")
	resp, err = api.Get("/redirect?to=" + url.QueryEscape(foreign.URL+"/back"))
	read(t, resp, err).want(t, http.StatusUnauthorized, "")
	if len(headers) != 2 || headers[0] != "" || headers[1] != "" {
		t.Error("a request to a foreign host is signed")
	}
	if resp, err := api.Get(foreign.URL); err == nil {
		_ = resp.Body.Close()
		t.Error("a request went to a foreign host")
	}
}
