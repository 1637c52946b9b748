package waltz_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"github.com/waltz-oauth/waltz"
	"github.com/waltz-oauth/waltz/keeper"
	"github.com/waltz-oauth/waltz/provider"
	"github.com/waltz-oauth/waltz/storage/memstore"
	"github.com/waltz-oauth/waltz/token"
	"github.com/waltz-oauth/waltz/waltztest"
)

// failing is a world whose Failed hook keeps the last error and leaves the page to Waltz.
func failing(t *testing.T) (*world, *error) {
	t.Helper()
	last := new(error)
	w := newWorld(t, waltz.Config{}, waltz.Registration{Hooks: waltz.Hooks{
		Failed: func(_ http.ResponseWriter, _ *http.Request, err error) { *last = err },
	}})
	return w, last
}

func TestEachFailureOfALoginIsClearToPersonAndProgram(t *testing.T) {
	t.Parallel()
	answered := func(change func(q url.Values)) func(*testing.T, *world) page {
		return func(t *testing.T, w *world) page {
			u := request(t, http.MethodGet, w.callbackURL(t), "").URL
			q := u.Query()
			change(q)
			return w.get(t, u.Path+"?"+q.Encode())
		}
	}
	login := func(d waltztest.Decision) func(*testing.T, *world) page {
		return func(t *testing.T, w *world) page { return w.login(t, d) }
	}
	exchange := func(a waltztest.Answer) func(*testing.T, *world) page {
		return func(t *testing.T, w *world) page {
			w.provider.Next(waltztest.Exchange, a)
			return w.login(t, waltztest.Allow)
		}
	}
	for name, test := range map[string]struct {
		do     func(*testing.T, *world) page
		status int
		says   string
		is     error         // what the program's error matches
		kind   provider.Kind // where is is nil
	}{
		"denied consent": {login(waltztest.Deny), http.StatusForbidden, "You did not give access at Test provider", waltz.ErrDenied, 0},
		"missing code":   {answered(func(q url.Values) { q.Del("code") }), http.StatusBadGateway, "made no sense", waltz.ErrNoCode, 0},
		"missing state":  {answered(func(q url.Values) { q.Del("state") }), http.StatusBadRequest, "This login is over", waltz.ErrState, 0},
		"wrong state":    {answered(func(q url.Values) { q.Set("state", "made-up") }), http.StatusBadRequest, "This login is over", waltz.ErrState, 0},
		"other issuer":   {answered(func(q url.Values) { q.Set("iss", "https://evil.example") }), http.StatusBadGateway, "made no sense", waltz.ErrIssuer, 0},
		"missing issuer": {answered(func(q url.Values) { q.Del("iss") }), http.StatusBadGateway, "made no sense", waltz.ErrIssuer, 0},
		"wrong code":     {answered(func(q url.Values) { q.Set("code", "made-up") }), http.StatusBadGateway, "Test provider refused", nil, provider.Refused},
		"provider's word": {answered(func(q url.Values) {
			q.Del("code")
			q.Set("error", "server_error")
			q.Set("error_description", "<b>no</b>\r\nX: y")
		}), http.StatusBadGateway, "&lt;b&gt;no&lt;/b&gt;  X: y", nil, provider.Doubtful},
		"server error": {exchange(waltztest.Answer{Status: 500}), http.StatusBadGateway, "not answering", nil, provider.Doubtful},
		"no answer":    {exchange(waltztest.Answer{Drop: true}), http.StatusBadGateway, "not answering", nil, provider.Doubtful},
		"truncated":    {exchange(waltztest.Answer{Truncate: true}), http.StatusBadGateway, "not answering", nil, provider.Doubtful},
		"nonsense":     {exchange(waltztest.Answer{Status: 200, Body: "hello"}), http.StatusBadGateway, "not answering", nil, provider.Doubtful},
		"too many":     {exchange(waltztest.Answer{Status: 429, Header: http.Header{"Retry-After": {"7"}}}), http.StatusBadGateway, "not answering", nil, provider.Limited},
		"wrong secret": {exchange(waltztest.Answer{Status: 401, Body: `{"error":"invalid_client"}`}), http.StatusBadGateway, "Test provider refused", nil, provider.Misconfigured},
		"provider down": {func(t *testing.T, w *world) page {
			callback := w.callbackURL(t)
			w.provider.Down()
			return w.get(t, strings.TrimPrefix(callback, w.URL))
		}, http.StatusBadGateway, "not answering", nil, provider.Unsent},
		"callback loaded twice": {func(t *testing.T, w *world) page {
			callback := strings.TrimPrefix(w.callbackURL(t), w.URL)
			w.get(t, callback).want(t, http.StatusOK, "home")
			return w.get(t, callback)
		}, http.StatusBadRequest, "This login is over", waltz.ErrState, 0},
		"another browser's callback": {func(t *testing.T, w *world) page {
			callback := strings.TrimPrefix(w.callbackURL(t), w.URL)
			w.browser = waltztest.NewBrowser()
			return w.get(t, callback)
		}, http.StatusBadRequest, "This login is over", waltz.ErrState, 0},
		"no ID token": {func(t *testing.T, w *world) page {
			w.provider.Behave(func(b *waltztest.Behaviour) { b.Members = map[string]any{"id_token": nil} })
			return w.login(t, waltztest.Allow)
		}, http.StatusBadGateway, "made no sense", nil, provider.Doubtful},
		"ID token of another": {func(t *testing.T, w *world) page {
			w.provider.Behave(func(b *waltztest.Behaviour) { b.Claims = map[string]any{"aud": "another-client"} })
			return w.login(t, waltztest.Allow)
		}, http.StatusBadGateway, "made no sense", nil, provider.Doubtful},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, last := failing(t)
			p := test.do(t, w)
			p.want(t, test.status, test.says)
			if !strings.Contains(p.header.Get("Content-Security-Policy"), "default-src 'none'") {
				t.Error("the page has no Content-Security-Policy")
			}
			var e *provider.Error
			switch {
			case test.is != nil && !errors.Is(*last, test.is):
				t.Errorf("the program was told %v, want %v", *last, test.is)
			case test.is == nil && (!errors.As(*last, &e) || e.Kind != test.kind):
				t.Errorf("the program was told %v, want kind %v", *last, test.kind)
			}
			if name == "too many" && p.header.Get("Retry-After") != "7" {
				t.Errorf("Retry-After is %q", p.header.Get("Retry-After"))
			}
			if name == "callback loaded twice" {
				return // the first one stored a token
			}
			w.get(t, "/record").want(t, http.StatusNotFound, "no token")
		})
	}
}

func TestOnlyWhoBeganALoginFinishesIt(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		from, to string
		status   int
		says     string
	}{
		{"ada", "ada", http.StatusOK, "home"},
		{"ada", "ben", http.StatusConflict, "Somebody else is signed in"},
		{"ada", "", http.StatusConflict, "Somebody else is signed in"},
	} {
		s := memstore.New()
		w := newWorld(t, waltz.Config{Storage: s, User: currentUser}, waltz.Registration{})
		w.be(t, w.browser, test.from)
		callback := strings.TrimPrefix(w.callbackURL(t), w.URL)
		w.be(t, w.browser, test.to)
		w.get(t, callback).want(t, test.status, test.says)
		if n := w.provider.Calls(waltztest.Exchange); n != 0 && test.status != http.StatusOK {
			t.Errorf("%q to %q: a token was fetched that nobody keeps", test.from, test.to)
		}
		_, err := s.Get(t.Context(), token.Key{Provider: "test", User: test.to})
		if stored := err == nil; stored != (test.status == http.StatusOK) {
			t.Errorf("%q to %q: stored: %v", test.from, test.to, stored)
		}
	}
}

func TestNobodyIsAskedToConsentForNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t, waltz.Config{User: currentUser, SignIn: "/signin"}, waltz.Registration{})
	hold(w.browser)
	p := w.get(t, "/login/test?next=/user")
	if to := p.header.Get("Location"); p.status != http.StatusFound || to != "/signin?next=%2Flogin%2Ftest%3Fnext%3D%2Fuser" {
		t.Errorf("nobody is sent to %d %q", p.status, to)
	}
	w = newWorld(t, waltz.Config{User: currentUser}, waltz.Registration{})
	w.get(t, "/login/test").want(t, http.StatusUnauthorized, "Please sign in first")
	w.be(t, w.browser, "ada")
	callback := strings.TrimPrefix(w.callbackURL(t), w.URL)
	w.be(t, w.browser, "") // signed out meanwhile
	w.get(t, callback).want(t, http.StatusConflict, "Somebody else is signed in")
	if n := w.provider.Calls(waltztest.Exchange); n != 0 {
		t.Errorf("%d codes were exchanged for nobody", n)
	}
}

func TestDisconnectSaysWhenTheProviderDidNotConfirm(t *testing.T) {
	t.Parallel()
	w, last := failing(t)
	w.login(t, waltztest.Allow).want(t, http.StatusOK, "record(")
	w.provider.Next(waltztest.Revoke, waltztest.Answer{Status: 503, Repeat: -1})
	w.post(t, "/login/test/disconnect", "").want(t, http.StatusBadGateway, "Disconnected here only")
	if !errors.Is(*last, waltz.ErrRevoke) {
		t.Errorf("the program was told %v", *last)
	}
	w.get(t, "/record").want(t, http.StatusNotFound, "no token")
}

func TestAGrantThatTheProviderEndedAsksForALogin(t *testing.T) {
	t.Parallel()
	reasons := make(chan string, 3)
	w := newWorld(t, waltz.Config{Storage: memstore.New()}, waltz.Registration{Hooks: waltz.Hooks{
		Reauthorize: func(_ context.Context, _ token.Key, reason string) { reasons <- reason },
	}})
	w.login(t, waltztest.Allow).want(t, http.StatusOK, "record(")
	w.post(t, "/expire", "").want(t, http.StatusOK, "")
	w.provider.RevokeAll()
	hold(w.browser)
	for range 3 {
		p := w.get(t, "/user")
		p.want(t, http.StatusFound, "")
		if to := p.header.Get("Location"); to != "/login/test?next=%2Fuser" {
			t.Errorf("sent to %q", to)
		}
	}
	w.get(t, "/record").want(t, http.StatusOK, "reauthorize")
	if n := w.provider.Calls(waltztest.Refresh); n != 1 {
		t.Errorf("the provider was asked %d times, want once", n)
	}
	if len(reasons) != 1 || <-reasons != "invalid_grant" {
		t.Error("the hook was not told invalid_grant once")
	}
}

func TestAProviderThatIsDownLosesNothing(t *testing.T) {
	t.Parallel()
	for name, s := range storages(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, last := failing(t)
			if s != nil {
				w = newWorld(t, waltz.Config{Storage: s}, waltz.Registration{Hooks: waltz.Hooks{
					Failed: func(_ http.ResponseWriter, _ *http.Request, err error) { *last = err },
				}})
			}
			w.login(t, waltztest.Allow).want(t, http.StatusOK, "record(")
			w.post(t, "/expire", "").want(t, http.StatusOK, "")
			w.provider.Down()
			w.get(t, "/user").want(t, http.StatusServiceUnavailable, "Your account is still connected")
			var f *keeper.Failure
			// A connection that was kept alive can break while the request is on its way.
			if !errors.As(*last, &f) || f.Kind != keeper.Unsent && f.Kind != keeper.Doubtful {
				t.Errorf("the program was told %v", *last)
			}
			w.get(t, "/record").want(t, http.StatusOK, "generation 0")
		})
	}
}

func TestPagesFitForPeopleOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t, waltz.Config{User: currentUser, SignIn: "/signin"}, waltz.Registration{})
	hold(w.browser)
	send := func(method string, header ...string) page {
		r := request(t, method, w.URL+"/user?a=b", "")
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		resp, err := w.browser.Client.Do(r)
		return read(t, resp, err)
	}
	if p := send(http.MethodGet); p.status != http.StatusFound || p.header.Get("Location") != "/signin?next=%2Fuser%3Fa%3Db" {
		t.Errorf("nobody is sent to %d %q", p.status, p.header.Get("Location"))
	}
	w.be(t, w.browser, "ada")
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		if p := send(method, "Sec-Fetch-Dest", "document"); p.status != http.StatusFound || p.header.Get("Location") != "/login/test?next=%2Fuser%3Fa%3Db" {
			t.Errorf("%s: ada is sent to %d %q", method, p.status, p.header.Get("Location"))
		}
	}
	send(http.MethodPost).want(t, http.StatusUnauthorized, "Please log in at Test provider")
	send(http.MethodGet, "Sec-Fetch-Dest", "empty").want(t, http.StatusUnauthorized, "")
	send(http.MethodGet, "Sec-Purpose", "prefetch;prerender").want(t, http.StatusUnauthorized, "")

	r := request(t, http.MethodGet, w.URL+"/login/test", "")
	r.Header.Set("Sec-Purpose", "prefetch")
	resp, err := w.browser.Client.Do(r)
	p := read(t, resp, err)
	p.want(t, http.StatusServiceUnavailable, "")
	if p.header.Get("Set-Cookie") != "" {
		t.Error("a prefetch began a login")
	}
}

func TestAFormPostComesBackAsAGet(t *testing.T) {
	t.Parallel()
	w := newWorld(t, waltz.Config{}, waltz.Registration{})
	u := request(t, http.MethodGet, w.callbackURL(t), "").URL

	jar := w.browser.Client.Jar // a browser sends no Lax cookie with another site's POST
	w.browser.Client.Jar, _ = cookiejar.New(nil)
	hold(w.browser)
	p := w.post(t, u.Path, u.RawQuery)
	p.want(t, http.StatusSeeOther, "")

	w.browser.Client.Jar = jar
	w.browser.Client.CheckRedirect = nil
	w.get(t, p.header.Get("Location")).want(t, http.StatusOK, "home")
}
