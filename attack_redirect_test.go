package waltz_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/waltz-oauth/waltz"
	"github.com/waltz-oauth/waltz/waltztest"
)

// What follows would have a browser led to where a stranger chose, and must get nowhere.

// leadsAway is a corpus of addresses that are no path on this site.
func leadsAway(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("testdata/leads-away.txt")
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		address, err := strconv.Unquote(strings.TrimSpace(line))
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		all = append(all, address)
	}
	return all
}

// TestAttackOpenRedirect asks to be sent to each address of the corpus, after a login and after a
// disconnection (RFC 9700 section 4.11). Where one leads, without a defence, is tested in a browser
// too.
func TestAttackOpenRedirect(t *testing.T) {
	t.Parallel()
	w := newWorld(t, waltz.Config{}, waltz.Registration{Scopes: []string{"notes"}})
	hold(w.browser)
	for _, address := range leadsAway(t) {
		next := url.Values{"next": {address}}.Encode()
		resp, err := w.browser.Login(t.Context(), w.provider.URL+"/authorize?"+w.begin(t, next), "", waltztest.Allow)
		callback := strings.TrimPrefix(read(t, resp, err).header.Get("Location"), w.URL)
		for what, p := range map[string]page{
			"a login":                           w.get(t, callback),
			"a disconnection":                   w.post(t, "/login/test/disconnect", next),
			"a disconnection, with a parameter": w.post(t, "/login/test/disconnect?"+next, ""),
		} {
			if to := p.header.Get("Location"); p.status != http.StatusSeeOther || to != "/" {
				t.Errorf("%s with %q leads to %d %q", what, address, p.status, to)
			}
		}
	}
}

// begin begins a login, and returns the query that the browser is sent to the provider with.
func (w *world) begin(t *testing.T, query string) string {
	t.Helper()
	p := w.get(t, "/login/test?"+query)
	p.want(t, http.StatusFound, "")
	return request(t, http.MethodGet, p.header.Get("Location"), "").URL.RawQuery
}

// TestAttackPathThatIsAnAddress asks for a page whose path would be an address, were it a next: routers
// that do not clean paths take it to a handler, and the application's sign-in page may trust what
// waltz hands it.
func TestAttackPathThatIsAnAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t, waltz.Config{User: currentUser, SignIn: "/signin"}, waltz.Registration{})
	for _, path := range []string{"//evil.example/", "///evil.example/", "/%2fevil.example/", "/%5cevil.example/"} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
		rec := httptest.NewRecorder()
		w.consumer.Require(http.NotFoundHandler()).ServeHTTP(rec, r)
		if to := rec.Header().Get("Location"); to != "/signin?next=%2F" {
			t.Errorf("%s leads to %q", path, to)
		}
	}
}

// TestAttackHostHeader names a host of the attacker's in every header that frameworks make addresses of
// (RFC 9700 section 4.1).
func TestAttackHostHeader(t *testing.T) {
	t.Parallel()
	for base, host := range map[string]string{"": "localhost", "https://app.example": "app.example"} {
		w := newWorld(t, waltz.Config{BaseURL: base}, waltz.Registration{})
		w.browser.Client.Jar = nil
		hold(w.browser)
		for _, path := range []string{"/login/test", "/login/test/authorized", "/login/test/authorized?error=access_denied&state=x", "/user"} {
			for _, forged := range []string{"evil.example", "localhost"} {
				r := request(t, http.MethodGet, w.URL+path, "")
				r.Host = forged
				for name, value := range map[string]string{
					"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "evil", "X-Forwarded-Port": "666", "X-Forwarded-Prefix": "//evil.example",
					"X-Forwarded-For": "127.0.0.1", "X-Host": "evil.example", "X-Original-URL": "//evil.example", "X-Rewrite-URL": "//evil.example",
					"Forwarded": `host="evil.example";proto=evil`, "Origin": "https://evil.example", "Referer": "https://evil.example/",
				} {
					r.Header.Set(name, value)
				}
				resp, err := w.browser.Client.Do(r)
				p := read(t, resp, err)
				if all := p.header.Get("Location") + strings.Join(p.header["Set-Cookie"], " ") + p.body; strings.Contains(all, "evil") {
					t.Errorf("base %q, host %q, %s: %d, with the attacker's host in what is answered", base, forged, path, p.status)
				}
				if path != "/login/test" {
					continue
				}
				to := request(t, http.MethodGet, p.header.Get("Location"), "").URL.Query().Get("redirect_uri")
				if want := forged == "localhost" || base != ""; (p.status == http.StatusFound) != want || want && request(t, http.MethodGet, to, "").URL.Hostname() != host {
					t.Errorf("base %q, host %q: %d, and the code goes to %q", base, forged, p.status, to)
				}
			}
		}
	}
}
