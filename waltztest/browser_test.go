package waltztest_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/waltz-oauth/waltz/waltztest"
)

func serve(t *testing.T, h http.Handler) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

// app is an application with a login, whose state it keeps in a cookie.
func app(t *testing.T, s *waltztest.Server) *httptest.Server {
	t.Helper()
	m := http.NewServeMux()
	a := serve(t, m)
	m.HandleFunc("GET /login", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Set-Cookie", "state="+state+"; Path=/; HttpOnly")
		q := url.Values{
			"client_id": {s.ClientID}, "response_type": {"code"}, "redirect_uri": {a.URL + "/callback"}, "state": {state},
			"code_challenge": {challenge}, "code_challenge_method": {"S256"},
		}
		http.Redirect(w, r, s.URL+"/authorize?"+q.Encode(), http.StatusFound)
	})
	m.HandleFunc("GET /callback", func(w http.ResponseWriter, r *http.Request) {
		kept, err := r.Cookie("state")
		if err != nil || kept.Value != r.FormValue("state") {
			http.Error(w, "the state is not this browser's", http.StatusForbidden)
			return
		}
		page := "neither"
		switch {
		case r.FormValue("code") != "":
			page = "allowed"
		case r.FormValue("error") == "access_denied":
			page = "denied"
		}
		_, _ = io.WriteString(w, page)
	})
	return a
}

func TestBrowserWalksTheDance(t *testing.T) {
	t.Parallel()
	one := []waltztest.Person{{Subject: "7", Name: "Demo Only"}}
	for name, test := range map[string]struct {
		people   []waltztest.Person
		subject  string
		decision waltztest.Decision
		want     string
	}{
		"allow":        {nil, "1002", waltztest.Allow, "allowed"},
		"first person": {nil, "", waltztest.Allow, "allowed"},
		"only person":  {one, "7", waltztest.Allow, "allowed"},
		"deny":         {nil, "1001", waltztest.Deny, "denied"},
		"deny, alone":  {one, "", waltztest.Deny, "denied"},
	} {
		s := waltztest.New(t, waltztest.Config{People: test.people})
		resp, err := waltztest.NewBrowser().Login(t.Context(), app(t, s).URL+"/login", test.subject, test.decision)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Error(err)
		}
		if err := resp.Body.Close(); err != nil {
			t.Error(err)
		}
		if string(body) != test.want || resp.Request.URL.Path != "/callback" {
			t.Errorf("%s: %q at %s, want %q", name, body, resp.Request.URL.Path, test.want)
		}
	}
}

func TestBrowserSaysWhatItDidNotFind(t *testing.T) {
	t.Parallel()
	s := waltztest.New(t, waltztest.Config{})
	a := app(t, s)
	gone := serve(t, http.RedirectHandler("http://127.0.0.1:1/?code=fake-code-canary", http.StatusFound))
	for name, test := range map[string]struct{ address, subject, want string }{
		"another page":   {s.URL + "/jwks?code=fake-code-canary", "", "no consent page at " + s.URL + "/jwks, which answered 200 OK"},
		"an error page":  {s.URL + "/authorize?state=fake-state-canary", "", "answered 400 Bad Request"},
		"unknown person": {a.URL + "/login", "1003", `nobody on the consent page has the subject "1003"`},
		"nobody there":   {gone.URL, "", "connection refused"},
		"no address":     {"http://%zz/?code=fake-code-canary", "", "invalid"},
	} {
		resp, err := waltztest.NewBrowser().Login(t.Context(), test.address, test.subject, waltztest.Allow)
		if err == nil {
			_ = resp.Body.Close()
			t.Errorf("%s: no error", name)
			continue
		}
		if !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
