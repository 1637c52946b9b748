package waltz

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/waltz-oauth/waltz/provider"
)

func mustParse(t *testing.T, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestBaseURLIsHTTPSOrLoopback(t *testing.T) {
	t.Parallel()
	for base, want := range map[string]string{
		"":                           "",
		"https://app.example":        "",
		"https://app.example/":       "",
		"https://app.example/deeper": "",
		"http://localhost:8080":      "",
		"http://127.0.0.1:8080":      "",
		"http://[::1]:8080":          "",
		"http://app.example":         "https://",
		"app.example":                "https://",
		"ftp://app.example":          "https://",
		"https://":                   "a host",
		"https://app.example/?a=b":   "a host",
		"https://app.example/#a":     "a host",
		"https://me@app.example":     "a host",
		"https://app .example":       "BaseURL",
	} {
		err := new(App).setBase(base)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("setBase(%q) = %v, want an error with %q", base, err, want)
		}
	}
}

func TestRedirectURINeverComesFromAStrangersHost(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ base, host, want string }{
		{"https://app.example", "evil.example", "https://app.example/login/github/authorized"},
		{"https://app.example/deeper/", "localhost", "https://app.example/deeper/login/github/authorized"},
		{"", "localhost:8080", "http://localhost:8080/login/github/authorized"},
		{"", "localhost", "http://localhost/login/github/authorized"},
		{"", "127.0.0.1:8080", "http://127.0.0.1:8080/login/github/authorized"},
		{"", "[::1]:8080", "http://[::1]:8080/login/github/authorized"},
		{"", "[::1]", "http://[::1]/login/github/authorized"},
		{"", "evil.example", ""},
		{"", "localhost.evil.example", ""},
		{"", "localhost:80@evil.example", ""},
		{"", "127.0.0.1.evil.example:80", ""},
		{"", "10.0.0.1", ""},
	} {
		a := &App{path: "/login/"}
		if err := a.setBase(test.base); err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/login/github", nil)
		r.Host = test.host
		r.Header.Set("X-Forwarded-Host", "evil.example")
		r.Header.Set("X-Forwarded-Proto", "https")
		got, err := (&Consumer{app: a, name: "github"}).redirectURI(r)
		if got != test.want || test.want == "" && !errors.Is(err, ErrBaseURL) {
			t.Errorf("base %q, host %q: got %q, %v, want %q", test.base, test.host, got, err, test.want)
		}
	}
}

// TestABasePathIsInFrontOfEveryPathForBrowsers runs an application behind a proxy that takes the
// base's path off.
func TestABasePathIsInFrontOfEveryPathForBrowsers(t *testing.T) {
	t.Parallel()
	a, err := New(Config{Secret: oneSecret, BaseURL: "https://app.example/deeper/"})
	if err != nil {
		t.Fatal(err)
	}
	p := provider.Provider{Name: "github", AuthorizationURL: "https://provider.example/a", TokenURL: "https://provider.example/t"}
	c, err := a.Register(Registration{Provider: p, ClientID: "id", Public: true})
	if err != nil {
		t.Fatal(err)
	}
	answer := func(h http.Handler, method, target, form string) string {
		r := httptest.NewRequestWithContext(t.Context(), method, target, strings.NewReader(form))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Header().Get("Location")
	}
	for what, test := range map[string]struct{ got, want string }{
		"LoginURL":   {c.LoginURL(""), "/deeper/login/github"},
		"Require":    {answer(c.Require(http.NotFoundHandler()), "GET", "/a?b", ""), "/deeper/login/github?next=%2Fdeeper%2Fa%3Fb"},
		"form post":  {answer(a, "POST", "/login/github/authorized", "state=s&code=c"), "/deeper/login/github/authorized?code=c&state=s"},
		"disconnect": {answer(a, "POST", "/login/github/disconnect", ""), "/deeper/"},
	} {
		if test.got != test.want {
			t.Errorf("%s: got %q, want %q", what, test.got, test.want)
		}
	}
}
