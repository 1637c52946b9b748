package waltz_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/waltz-oauth/waltz"
	"github.com/waltz-oauth/waltz/waltztest"
)

// TestAttackForgedDisconnect has another site send the form that disconnects, and links and images that
// would if they could (RFC 9700 section 4.7). A browser does the same in internal/e2e.
func TestAttackForgedDisconnect(t *testing.T) {
	t.Parallel()
	w := newWorld(t, waltz.Config{}, waltz.Registration{})
	w.login(t, waltztest.Allow).want(t, http.StatusOK, "record(")
	send := func(method string, headers ...string) page {
		r := request(t, method, w.URL+"/login/test/disconnect?next=/", "")
		for _, header := range headers {
			name, value, _ := strings.Cut(header, ": ")
			r.Header.Set(name, value)
		}
		resp, err := w.browser.Client.Do(r)
		return read(t, resp, err)
	}
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPut, http.MethodDelete, http.MethodOptions, "post"} {
		send(method).want(t, http.StatusMethodNotAllowed, "")
		send(method, "X-HTTP-Method-Override: POST").want(t, http.StatusMethodNotAllowed, "")
	}
	for _, from := range [][]string{
		{"Sec-Fetch-Site: cross-site"},
		{"Sec-Fetch-Site: same-site"}, // a subdomain is another site's, as far as waltz knows
		{"Sec-Fetch-Site: cross-site", "Origin: " + w.URL},
		{"Origin: https://evil.example"},
		{"Origin: null"},
		{"Origin: " + strings.Replace(w.URL, "http:", "https:", 1) + ".evil.example"},
		{"Origin: https://evil.example", "Host: evil.example", "X-Forwarded-Host: evil.example"},
	} {
		send(http.MethodPost, from...).want(t, http.StatusForbidden, "")
	}
	w.get(t, "/record").want(t, http.StatusOK, "record(")
	if n := w.provider.Calls(waltztest.Revoke); n != 0 {
		t.Errorf("%d tokens were revoked", n)
	}
	send(http.MethodPost, "Origin: "+w.URL).want(t, http.StatusOK, "home")
	w.get(t, "/record").want(t, http.StatusNotFound, "no token")
}
