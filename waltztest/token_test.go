package waltztest_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz/waltztest"
)

func TestCodeBuysTokens(t *testing.T) {
	t.Parallel()
	c := newClient(t, waltztest.Config{Behaviour: waltztest.Behaviour{AccessLifetime: 90 * time.Second}})
	a := c.post("/token", codeGrant(c.login(nil)))
	got := c.tokens(a)
	if got.Access == "" || got.Refresh == "" || got.Type != "Bearer" || got.Expires != "90" || got.Scope != "read write" || got.ID != "" {
		t.Errorf("type %q, expires_in %s, scope %q", got.Type, got.Expires, got.Scope)
	}
	if a.Header.Get("Cache-Control") != "no-store" || a.Header.Get("Content-Type") != "application/json" {
		t.Errorf("Cache-Control %q, Content-Type %q", a.Header.Get("Cache-Control"), a.Header.Get("Content-Type"))
	}
	c.works(got.Access, true)
}

func TestCodeIsBoundToItsLogin(t *testing.T) {
	t.Parallel()
	c := newClient(t, waltztest.Config{})
	for name, change := range map[string]url.Values{
		"unknown code":       {"code": {"fake-code-X"}},
		"other redirect URI": {"redirect_uri": {callback + "2"}},
		"no redirect URI":    {"redirect_uri": nil},
		"other verifier":     {"code_verifier": {strings.Repeat("a", 43)}},
		"no verifier":        {"code_verifier": nil},
		"the challenge":      {"code_verifier": {challenge}},
	} {
		form := codeGrant(c.login(nil))
		code := form.Get("code")
		for parameter, values := range change {
			form[parameter] = values
		}
		if got := c.tokens(c.post("/token", form)); got.Error != "invalid_grant" {
			t.Errorf("%s: error %q", name, got.Error)
		}
		if name != "unknown code" { // the attempt spent it
			c.is(c.tokens(c.post("/token", codeGrant(code))), "invalid_grant")
		}
	}
}

func TestVerifierThatRFC7636ForbidsIsRefused(t *testing.T) {
	t.Parallel()
	c := newClient(t, waltztest.Config{})
	// Base64url of the SHA-256 of "short".
	form := codeGrant(c.login(url.Values{"code_challenge": {"-bAHi131ltLqGQEMABu9AJ5lHeLFfo-341XzHrnT9zk"}}))
	form.Set("code_verifier", "short")
	c.is(c.tokens(c.post("/token", form)), "invalid_grant")
}

func TestPKCECannotBeDowngraded(t *testing.T) {
	t.Parallel()
	c := newClient(t, waltztest.Config{Behaviour: waltztest.Behaviour{WithoutPKCE: true}})
	without := url.Values{"code_challenge": nil, "code_challenge_method": nil}
	c.is(c.tokens(c.post("/token", codeGrant(c.login(without)))), "invalid_grant")

	form := codeGrant(c.login(without))
	form.Del("code_verifier")
	c.is(c.tokens(c.post("/token", form)), "")

	form = codeGrant(c.login(nil)) // with PKCE, which then counts
	form.Del("code_verifier")
	c.is(c.tokens(c.post("/token", form)), "invalid_grant")
}

func TestCodeUsedTwiceRevokesWhatItLedTo(t *testing.T) {
	t.Parallel()
	c := newClient(t, waltztest.Config{})
	code := c.login(nil)
	got := c.tokens(c.post("/token", codeGrant(code)))
	c.is(c.tokens(c.post("/token", codeGrant(code))), "invalid_grant")
	c.works(got.Access, false)
	c.is(c.refresh(got.Refresh), "invalid_grant")
}

func TestCodeExpires(t *testing.T) {
	t.Parallel()
	c := newClient(t, waltztest.Config{})
	code := c.login(nil)
	c.Behave(func(b *waltztest.Behaviour) { b.Skew = time.Minute })
	c.is(c.tokens(c.post("/token", codeGrant(code))), "invalid_grant")
}

func TestClientAuthenticatesByHeaderOrBody(t *testing.T) {
	t.Parallel()
	const id, secret = "client:ä", "fake secret%+&"
	basic := func(id, secret string) func(*http.Request, url.Values) {
		return func(r *http.Request, _ url.Values) { r.SetBasicAuth(url.QueryEscape(id), url.QueryEscape(secret)) }
	}
	body := func(id, secret string) func(*http.Request, url.Values) {
		return func(_ *http.Request, f url.Values) { f.Set("client_id", id); f.Set("client_secret", secret) }
	}
	both := func(r *http.Request, f url.Values) { basic(id, secret)(r, f); body(id, secret)(r, f) }
	for name, test := range map[string]struct {
		only string
		as   func(*http.Request, url.Values)
		want string
	}{
		"header":               {"", basic(id, secret), ""},
		"body":                 {"", body(id, secret), ""},
		"both":                 {"", both, "invalid_request"},
		"nobody":               {"", func(*http.Request, url.Values) {}, "invalid_client"},
		"header, wrong secret": {"", basic(id, "other"), "invalid_client"},
		"header, no secret":    {"", basic(id, ""), "invalid_client"},
		"header, wrong id":     {"", basic("other", secret), "invalid_client"},
		"body, wrong secret":   {"", body(id, "other"), "invalid_client"},
		"two ids":              {"", func(r *http.Request, f url.Values) { basic(id, secret)(r, f); f.Set("client_id", "other") }, "invalid_client"},
		"no Basic header":      {"", func(r *http.Request, _ url.Values) { r.Header.Set("Authorization", "Bearer x") }, "invalid_client"},
		"header only, header":  {"client_secret_basic", basic(id, secret), ""},
		"header only, body":    {"client_secret_basic", body(id, secret), "invalid_client"},
		"body only, header":    {"client_secret_post", basic(id, secret), "invalid_client"},
		"body only, body":      {"client_secret_post", body(id, secret), ""},
	} {
		c := newClient(t, waltztest.Config{ClientID: id, ClientSecret: secret, Behaviour: waltztest.Behaviour{ClientAuth: test.only}})
		form := codeGrant(c.login(nil))
		headers := c.form("/token", nil)
		test.as(headers, form)
		r := c.form("/token", form)
		r.Header = headers.Header
		a := c.send(r)
		if got := c.tokens(a); got.Error != test.want {
			t.Errorf("%s: error %q, want %q", name, got.Error, test.want)
		}
		if test.want == "invalid_client" {
			byHeader := r.Header.Get("Authorization") != ""
			if a.StatusCode != http.StatusUnauthorized || byHeader != (a.Header.Get("WWW-Authenticate") != "") {
				t.Errorf("%s: %s, WWW-Authenticate %q", name, a.Status, a.Header.Get("WWW-Authenticate"))
			}
		}
	}
}

func TestPublicClientHasNoSecret(t *testing.T) {
	t.Parallel()
	c := newClient(t, waltztest.Config{Public: true})
	form := codeGrant(c.login(nil))
	form.Set("client_id", c.ClientID)
	c.is(c.tokens(c.send(c.form("/token", form))), "")
}

func TestWrongTokenRequests(t *testing.T) {
	t.Parallel()
	c := newClient(t, waltztest.Config{})
	for name, test := range map[string]struct {
		form url.Values
		want string
	}{
		"no grant type":  {url.Values{"code": {"x"}}, "invalid_request"},
		"password grant": {url.Values{"grant_type": {"password"}}, "unsupported_grant_type"},
		"repeated":       {url.Values{"grant_type": {"refresh_token", "refresh_token"}}, "invalid_request"},
		"empty":          {nil, "invalid_request"},
	} {
		if got := c.tokens(c.post("/token", test.form)); got.Error != test.want {
			t.Errorf("%s: error %q, want %q", name, got.Error, test.want)
		}
	}
	if a := c.send(c.request(http.MethodGet, "/token?grant_type=authorization_code", "")); a.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("GET answered %s", a.Status)
	}
	r := c.request(http.MethodPost, "/token?"+codeGrant(c.login(nil)).Encode(), "")
	r.SetBasicAuth(c.ClientID, c.ClientSecret)
	c.is(c.tokens(c.send(r)), "invalid_request") // parameters in the address
	secret := url.Values{"client_id": {c.ClientID}, "client_secret": {c.ClientSecret}}
	c.is(c.tokens(c.send(c.form("/token?"+secret.Encode(), codeGrant(c.login(nil))))), "invalid_client") // RFC 6749 section 2.3.1
}

func TestMembersOfTheAnswerCanBeChanged(t *testing.T) {
	t.Parallel()
	c := newClient(t, waltztest.Config{Behaviour: waltztest.Behaviour{Members: map[string]any{
		"expires_in": nil, "refresh_token": nil, "scope": "read", "team": map[string]any{"id": 7},
	}}})
	a := c.post("/token", codeGrant(c.login(nil)))
	got := c.tokens(a)
	if got.Expires != "" || got.Refresh != "" || got.Scope != "read" || !strings.Contains(a.body, `"team":{"id":7}`) {
		t.Errorf("expires_in %q, refresh token %t, scope %q", got.Expires, got.Refresh != "", got.Scope)
	}
}

func TestRevocation(t *testing.T) {
	t.Parallel()
	c := newClient(t, waltztest.Config{})
	revoke := func(token string) int {
		return c.post("/revoke", url.Values{"token": {token}}).StatusCode
	}
	got := c.connect()
	if status := revoke(got.Access); status != http.StatusOK {
		t.Errorf("access token: %d", status)
	}
	c.works(got.Access, false)
	got = c.refresh(got.Refresh) // the grant lives
	c.is(got, "")
	if status := revoke(got.Refresh); status != http.StatusOK {
		t.Errorf("refresh token: %d", status)
	}
	c.works(got.Access, false) // RFC 7009 section 2.1
	c.is(c.refresh(got.Refresh), "invalid_grant")
	if status := revoke("fake-unknown"); status != http.StatusOK { // section 2.2
		t.Errorf("unknown token: %d", status)
	}
	if status := revoke(""); status != http.StatusBadRequest {
		t.Errorf("no token: %d", status)
	}
	if a := c.send(c.form("/revoke", url.Values{"token": {got.Refresh}})); a.StatusCode != http.StatusUnauthorized {
		t.Errorf("by nobody: %s", a.Status)
	}
}
