package waltztest_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz/waltztest"
)

func TestCodeComesBackWithStateAndIssuer(t *testing.T) {
	t.Parallel()
	c := newClient(t, waltztest.Config{})
	page := c.authorize(nil)
	if page.StatusCode != http.StatusOK || page.Header.Get("Cache-Control") != "no-store" {
		t.Fatalf("consent page: %s, Cache-Control %q", page.Status, page.Header.Get("Cache-Control"))
	}
	for _, want := range []string{"Demo Ada", "Demo Ben", "<code>read</code>", "<code>write</code>", "127.0.0.1:9"} {
		if !strings.Contains(page.body, want) {
			t.Errorf("the consent page does not show %q", want)
		}
	}
	a := c.decide(c.requestOf(page), "1002", "allow")
	if !strings.HasPrefix(a.Header.Get("Location"), callback+"?") {
		t.Errorf("sent to %q", a.Header.Get("Location"))
	}
	q := c.back(a)
	if q.Get("code") == "" || q.Get("state") != state || q.Get("iss") != c.URL {
		t.Errorf("code %t, state %q, iss %q", q.Has("code"), q.Get("state"), q.Get("iss"))
	}
}

func TestDenialComesBackAsAccessDenied(t *testing.T) {
	t.Parallel()
	c := newClient(t, waltztest.Config{})
	q := c.back(c.decide(c.requestOf(c.authorize(nil)), "1001", "deny"))
	if q.Get("error") != "access_denied" || q.Get("state") != state || q.Get("iss") != c.URL || q.Has("code") {
		t.Errorf("error %q, state %q, iss %q, code %t", q.Get("error"), q.Get("state"), q.Get("iss"), q.Has("code"))
	}
}

func TestNobodyIsSentToAnUnregisteredURI(t *testing.T) {
	t.Parallel()
	open := waltztest.Config{}
	closed := waltztest.Config{RedirectURIs: []string{"https://app.example/cb", "http://app.example/plain", "http://127.0.0.1/cb", "https://127.0.0.1/tls"}}
	for _, test := range []struct {
		config waltztest.Config
		uri    string
		want   bool
	}{
		{open, "http://127.0.0.1:1/any", true},
		{open, "http://localhost:1/any?x=1", true},
		{open, "http://[::1]:1/", true},
		{open, "https://app.example/cb", false},
		{open, "http://127.0.0.1@app.example/", false},
		{open, "http://user@127.0.0.1/", false},
		{open, "http://127.0.0.1.app.example/", false},
		{open, "http://127.0.0.1/#fragment", false},
		{open, "//127.0.0.1/", false},
		{open, "/callback", false},
		{open, "javascript:alert(1)//127.0.0.1/", false},
		{open, "http://app.example\\@127.0.0.1/", false},
		{open, "javascript://127.0.0.1/%0aalert(1)", false},
		{open, "", false},
		{closed, "https://app.example/cb", true},
		{closed, "http://127.0.0.1:4711/cb", true}, // RFC 8252 section 7.3
		{closed, "http://127.0.0.1:4711/cb/more", false},
		{closed, "http://127.0.0.1:4711/cb?x=1", false},
		{closed, "http://127.0.0.1:4711/%63b", false},
		{closed, "https://127.0.0.1:4711/cb", false},
		{closed, "https://127.0.0.1:4711/tls", false},
		{closed, "http://app.example/plain", true},
		{closed, "http://app.example:4711/plain", false},
		{closed, "https://app.example:444/cb", false},
		{closed, "https://app.example/cb/", false},
		{closed, "https://app.example/cb?x=1", false},
		{closed, "https://APP.example/cb", false},
		{closed, "http://app.example/cb", false},
		{closed, "https://evil.example/cb", false},
	} {
		c := newClient(t, test.config)
		// The wrong response_type is what would be redirected.
		for _, changes := range []url.Values{{}, {"response_type": {"token"}}} {
			changes.Set("redirect_uri", test.uri)
			a := c.authorize(changes)
			switch refused := a.StatusCode == http.StatusBadRequest; {
			case refused == test.want:
				t.Errorf("%q: answered %s, want it registered: %v", test.uri, a.Status, test.want)
			case refused && a.Header.Get("Location") != "":
				t.Errorf("%q: sent to %q", test.uri, a.Header.Get("Location"))
			}
		}
	}
}

func TestUnknownClientIsSentNowhere(t *testing.T) {
	t.Parallel()
	c := newClient(t, waltztest.Config{})
	for name, changes := range map[string]url.Values{
		"unknown client": {"client_id": {"other"}},
		"no client":      {"client_id": nil},
		"two clients":    {"client_id": {c.ClientID, c.ClientID}},
		"two callbacks":  {"redirect_uri": {callback, callback}},
	} {
		a := c.authorize(changes)
		if a.StatusCode != http.StatusBadRequest || a.Header.Get("Location") != "" {
			t.Errorf("%s: %s, Location %q", name, a.Status, a.Header.Get("Location"))
		}
	}
}

func TestWrongRequestsComeBackWithTheirError(t *testing.T) {
	t.Parallel()
	c := newClient(t, waltztest.Config{Scopes: []string{"read", "write"}})
	for name, test := range map[string]struct {
		changes url.Values
		want    string
	}{
		"no response type":  {url.Values{"response_type": nil}, "invalid_request"},
		"implicit grant":    {url.Values{"response_type": {"token"}}, "unsupported_response_type"},
		"no PKCE":           {url.Values{"code_challenge": nil, "code_challenge_method": nil}, "invalid_request"},
		"PKCE plain":        {url.Values{"code_challenge_method": {"plain"}}, "invalid_request"},
		"PKCE plain unsaid": {url.Values{"code_challenge_method": nil}, "invalid_request"},
		"short challenge":   {url.Values{"code_challenge": {"abc"}}, "invalid_request"},
		"repeated":          {url.Values{"scope": {"read", "write"}}, "invalid_request"},
		"unknown scope":     {url.Values{"scope": {"read admin"}}, "invalid_scope"},
	} {
		q := c.back(c.authorize(test.changes))
		if q.Get("error") != test.want || q.Get("state") != state || q.Get("iss") != c.URL {
			t.Errorf("%s: error %q, state %q, iss %q; want %s", name, q.Get("error"), q.Get("state"), q.Get("iss"), test.want)
		}
		if says := q.Get("error_description"); name == "no PKCE" && says != "code challenge required" { // RFC 7636 section 4.4.1
			t.Errorf("%s: %q", name, says)
		}
	}
}

func TestQueryOfTheRedirectURIStays(t *testing.T) {
	t.Parallel()
	c := newClient(t, waltztest.Config{})
	a := c.decide(c.requestOf(c.authorize(url.Values{"redirect_uri": {callback + "?tenant=a%20b"}})), "1001", "allow")
	if !strings.HasPrefix(a.Header.Get("Location"), callback+"?tenant=a%20b&") {
		t.Error("the redirect URI's own query was lost")
	}
}

func TestConsentPageIsAnsweredOnce(t *testing.T) {
	t.Parallel()
	c := newClient(t, waltztest.Config{})
	id, late := c.requestOf(c.authorize(nil)), c.requestOf(c.authorize(nil))
	c.back(c.decide(id, "1001", "allow"))
	for name, a := range map[string]answer{
		"again":          c.decide(id, "1001", "allow"),
		"made up":        c.decide("fake-request-X", "1001", "allow"),
		"unknown person": c.decide(c.requestOf(c.authorize(nil)), "1003", "allow"),
		"no decision":    c.decide(c.requestOf(c.authorize(nil)), "1001", ""),
	} {
		if a.StatusCode != http.StatusBadRequest || a.Header.Get("Location") != "" {
			t.Errorf("%s: %s, Location %q", name, a.Status, a.Header.Get("Location"))
		}
	}
	c.Behave(func(b *waltztest.Behaviour) { b.Skew = 11 * time.Minute })
	if a := c.decide(late, "1001", "allow"); a.StatusCode != http.StatusBadRequest {
		t.Errorf("after eleven minutes: %s", a.Status)
	}
}

func TestConsentFromAnotherSiteIsRefused(t *testing.T) {
	t.Parallel()
	c := newClient(t, waltztest.Config{})
	r := c.form("/consent", url.Values{"request": {c.requestOf(c.authorize(nil))}, "subject": {"1001"}, "decision": {"allow"}})
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	if a := c.send(r); a.StatusCode != http.StatusForbidden {
		t.Errorf("answered %s", a.Status)
	}
}

func TestPagesShowNoSecretAndEscapeTheRest(t *testing.T) {
	t.Parallel()
	c := newClient(t, waltztest.Config{
		ClientName: "<script>client</script>",
		People:     []waltztest.Person{{Subject: `"><script>subject`, Name: "<script>name</script>"}},
	})
	page := c.authorize(url.Values{"scope": {"<script>scope</script>"}, "state": {"fake-state-canary"}, "nonce": {"fake-nonce-canary"}})
	id := c.requestOf(page)
	for _, bad := range []string{"<script", state, "canary", challenge, c.ClientSecret, "fake-access", "fake-refresh", "fake-code"} {
		if strings.Contains(page.body, bad) {
			t.Errorf("the consent page holds %q", bad)
		}
	}
	if q := c.back(c.decide(id, `"><script>subject`, "allow")); q.Get("code") == "" {
		t.Error("a subject with markup cannot log in")
	}
}
