package waltz_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/waltz-oauth/waltz"
	"github.com/waltz-oauth/waltz/storage/memstore"
	"github.com/waltz-oauth/waltz/token"
	"github.com/waltz-oauth/waltz/waltztest"
)

// These are promises on the list of docs/from-flask-dance.md that no other test is about.

func TestALoginSendsThePersonToTheProvider(t *testing.T) {
	t.Parallel()
	w := newWorld(t, waltz.Config{}, waltz.Registration{})
	hold(w.browser)
	p := w.get(t, "/login/test")
	to, err := url.Parse(p.header.Get("Location"))
	if err != nil || p.status != http.StatusFound {
		t.Fatalf("answered %d, %v", p.status, err)
	}
	q := to.Query()
	to.RawQuery = ""
	if to.String() != w.provider.Provider().AuthorizationURL {
		t.Errorf("sent to %s", to)
	}
	for name, want := range map[string]string{
		"response_type": "code", "client_id": w.provider.ClientID, "redirect_uri": w.URL + "/login/test/authorized",
		"scope": "openid notes", "code_challenge_method": "S256",
	} {
		if got := q.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if len(q.Get("state")) < 20 || len(q.Get("code_challenge")) != 43 || q.Has("code_verifier") {
		t.Errorf("the parameters are %v", q)
	}
}

func TestALoginsPathsAreWhereTheConfigurationSays(t *testing.T) {
	t.Parallel()
	w := newWorld(t, waltz.Config{Path: "/connect/with/"}, waltz.Registration{})
	w.mux.Handle("/connect/with/", w.app)
	w.login(t, waltztest.Allow).want(t, http.StatusOK, "record(")
	if at := w.consumer.LoginURL(""); at != "/connect/with/test" {
		t.Errorf("a login begins at %s", at)
	}
	w.get(t, "/login/test").want(t, http.StatusNotFound, "")
	w.post(t, "/connect/with/test/disconnect", "").want(t, http.StatusOK, "home")
	w.get(t, "/record").want(t, http.StatusNotFound, "no token")
}

// counting counts the requests to each path.
type counting struct{ token, api atomic.Int32 }

func (c *counting) RoundTrip(r *http.Request) (*http.Response, error) {
	switch {
	case r.URL.Path == "/token":
		c.token.Add(1)
	case strings.HasPrefix(r.URL.Path, "/api/"):
		c.api.Add(1)
	}
	return http.DefaultTransport.RoundTrip(r)
}

func TestEachCallIsMadeByTheConfiguredClient(t *testing.T) {
	t.Parallel()
	c := new(counting)
	w := newWorld(t, waltz.Config{HTTPClient: &http.Client{Transport: c}}, waltz.Registration{})
	w.login(t, waltztest.Allow).want(t, http.StatusOK, "record(")
	w.get(t, "/user").want(t, http.StatusOK, "Demo Ada")
	if n, m := c.token.Load(), c.api.Load(); n != 1 || m != 1 {
		t.Errorf("it made %d requests for a token and %d to the API, want one each", n, m)
	}
}

func TestALoginLeadsWhereItWasTold(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ next, query, want string }{
		{"", "", "/"},
		{"/record", "", "/record"},
		{"/record", "?next=%2Fuser", "/user"},
		{"/record", "?next=https%3A%2F%2Fevil.example", "/record"},
	} {
		w := newWorld(t, waltz.Config{}, waltz.Registration{Next: test.next})
		resp, err := w.browser.Login(t.Context(), w.URL+"/login/test"+test.query, "", waltztest.Allow)
		if p := read(t, resp, err); p.path != test.want || p.status != http.StatusOK {
			t.Errorf("Next %q, %q: ended at %s with %d", test.next, test.query, p.path, p.status)
		}
	}
}

func TestAConsumerAsksTheStorageAtEachUse(t *testing.T) {
	t.Parallel()
	s := memstore.New()
	w := newWorld(t, waltz.Config{Storage: s}, waltz.Registration{})
	api := w.consumer.Client(t.Context()) // one for all of it
	granted, err := w.provider.Grant("1001")
	if err != nil {
		t.Fatal(err)
	}
	key := token.Key{Provider: "test"}
	for range 2 {
		if ok, err := w.consumer.Authorized(t.Context()); ok || err != nil {
			t.Errorf("without a token: authorized: %t, %v", ok, err)
		}
		if _, err := w.consumer.Token(t.Context()); !errors.Is(err, waltz.ErrNoToken) {
			t.Errorf("Token without one: %v", err)
		}
		calls := w.provider.Calls(waltztest.API)
		resp, err := api.Get("/user")
		if !errors.Is(err, waltz.ErrNoToken) {
			t.Errorf("a request without a token: %v", err)
		}
		if err == nil {
			_ = resp.Body.Close()
		}
		if n := w.provider.Calls(waltztest.API) - calls; n != 0 {
			t.Errorf("%d requests went out without a token", n)
		}

		if err := s.Set(t.Context(), key, token.New(granted)); err != nil { // round the consumer
			t.Fatal(err)
		}
		if ok, err := w.consumer.Authorized(t.Context()); !ok || err != nil {
			t.Errorf("with a token: authorized: %t, %v", ok, err)
		}
		if tok, err := w.consumer.Token(t.Context()); err != nil || tok.AccessToken != granted.AccessToken {
			t.Errorf("another token, %v", err)
		}
		resp, err = api.Get("/user")
		read(t, resp, err).want(t, http.StatusOK, "Demo Ada")
		if err := s.Delete(t.Context(), key); err != nil {
			t.Fatal(err)
		}
	}
}

func TestEachUserHasATokenOfTheirOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, waltz.Config{Storage: memstore.New(), User: currentUser}, waltz.Registration{})
	for user, subject := range map[string]string{"ada": "1001", "ben": "1002"} {
		w.be(t, w.browser, user)
		resp, err := w.browser.Login(t.Context(), w.URL+"/login/test", subject, waltztest.Allow)
		read(t, resp, err).want(t, http.StatusOK, "home")
	}
	for user, name := range map[string]string{"ada": "Demo Ada", "ben": "Demo Ben"} {
		w.be(t, w.browser, user)
		w.get(t, "/user").want(t, http.StatusOK, name)
	}
	w.be(t, w.browser, "eve")
	w.get(t, "/record").want(t, http.StatusNotFound, "no token")
}

func TestNobodyMayLogInWhereUsersAreOptional(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]waltz.Config{
		"session": {},
		"storage": {Storage: memstore.New(), Site: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.User, c.UserOptional = currentUser, true
			w := newWorld(t, c, waltz.Registration{})
			w.get(t, "/record").want(t, http.StatusNotFound, "no token")
			w.login(t, waltztest.Allow).want(t, http.StatusOK, "record(")
			w.get(t, "/user").want(t, http.StatusOK, "Demo Ada")
			w.be(t, w.browser, "ben")
			w.get(t, "/record").want(t, http.StatusNotFound, "no token")
		})
	}
}

func TestACallbackOfNoLoginEndsNone(t *testing.T) {
	t.Parallel()
	w, last := failing(t)
	own := request(t, http.MethodGet, w.callbackURL(t), "").URL
	for name, q := range map[string]url.Values{
		"a wrong state":           {"state": {"made-up"}, "code": {own.Query().Get("code")}, "iss": {own.Query().Get("iss")}},
		"no state":                {"code": {own.Query().Get("code")}},
		"an error of no login":    {"state": {"made-up"}, "error": {"access_denied"}},
		"an error without state":  {"error": {"access_denied"}},
		"neither code nor errors": {},
	} {
		w.get(t, own.Path+"?"+q.Encode()).want(t, http.StatusBadRequest, "This login is over")
		if !errors.Is(*last, waltz.ErrState) || errors.Is(*last, waltz.ErrDenied) {
			t.Errorf("%s: the program is told %v", name, *last)
		}
	}
	w.get(t, own.RequestURI()).want(t, http.StatusOK, "home")
	w.get(t, "/user").want(t, http.StatusOK, "Demo Ada")
}

// full is a storage that takes nothing more.
type full struct{ token.Storage }

var errFull = errors.New("the disk is full")

func (full) Set(context.Context, token.Key, token.Record) error { return errFull }

func TestALoginThatCannotBeStoredSaysSo(t *testing.T) {
	t.Parallel()
	var last error
	w := newWorld(t, waltz.Config{Storage: full{memstore.New()}}, waltz.Registration{Hooks: waltz.Hooks{
		Failed: func(_ http.ResponseWriter, _ *http.Request, err error) { last = err },
	}})
	w.login(t, waltztest.Allow).want(t, http.StatusInternalServerError, "Something went wrong here")
	if !errors.Is(last, errFull) {
		t.Errorf("the program is told %v", last)
	}
	w.get(t, "/record").want(t, http.StatusNotFound, "no token")
}

func TestALoginThatIsNotFinishedLeavesTheToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t, waltz.Config{}, waltz.Registration{})
	w.login(t, waltztest.Allow).want(t, http.StatusOK, "record(")
	_ = w.callbackURL(t) // which nobody goes to
	w.get(t, "/user").want(t, http.StatusOK, "Demo Ada")
	w.login(t, waltztest.Deny).want(t, http.StatusForbidden, "You did not give access")
	w.get(t, "/user").want(t, http.StatusOK, "Demo Ada")
	if n := w.provider.Calls(waltztest.Exchange); n != 1 {
		t.Errorf("%d codes were exchanged, want the first alone", n)
	}
}
