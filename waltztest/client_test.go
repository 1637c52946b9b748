package waltztest_test

import (
	"encoding/json"
	"html"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/waltz-oauth/waltz/waltztest"
)

// The verifier and challenge of RFC 7636 appendix B.
const (
	verifier  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
	callback  = "http://127.0.0.1:9/callback"
	state     = "fake-state"
)

// client speaks to a server by hand.
type client struct {
	*testing.T
	*waltztest.Server
	http *http.Client
}

func newClient(t *testing.T, c waltztest.Config) *client {
	t.Helper()
	return &client{t, waltztest.New(t, c), &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true}, // a request over a kept connection may be sent again
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// answer is a response with its body read.
type answer struct {
	*http.Response
	body string
	err  error // of reading the body
}

func (c *client) send(r *http.Request) answer {
	c.Helper()
	resp, err := c.http.Do(r)
	if err != nil {
		c.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	return answer{resp, string(body), err}
}

func (c *client) request(method, path, body string) *http.Request {
	c.Helper()
	r, err := http.NewRequestWithContext(c.Context(), method, c.URL+path, strings.NewReader(body))
	if err != nil {
		c.Fatal(err)
	}
	return r
}

func (c *client) form(path string, form url.Values) *http.Request {
	c.Helper()
	r := c.request(http.MethodPost, path, form.Encode())
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

// post sends a form as the client, which authenticates by header.
func (c *client) post(path string, form url.Values) answer {
	c.Helper()
	r := c.form(path, form)
	r.SetBasicAuth(c.ClientID, c.ClientSecret)
	return c.send(r)
}

// authorize asks for the consent page, with changes to a request that is right: nil leaves a
// parameter out.
func (c *client) authorize(changes url.Values) answer {
	c.Helper()
	q := url.Values{
		"client_id":             {c.ClientID},
		"response_type":         {"code"},
		"redirect_uri":          {callback},
		"state":                 {state},
		"code_challenge":        {challenge},
		"code_challenge_method": {"S256"},
		"scope":                 {"read write"},
	}
	maps.Copy(q, changes)
	return c.send(c.request(http.MethodGet, "/authorize?"+q.Encode(), ""))
}

var requestID = regexp.MustCompile(`name="request" value="([^"]+)"`)

// requestOf finds the consent page's one-time id.
func (c *client) requestOf(page answer) string {
	c.Helper()
	m := requestID.FindStringSubmatch(page.body)
	if m == nil {
		c.Fatalf("no consent page but %s, Location %q", page.Status, page.Header.Get("Location"))
	}
	return html.UnescapeString(m[1])
}

func (c *client) decide(id, subject, decision string) answer {
	c.Helper()
	return c.send(c.form("/consent", url.Values{"request": {id}, "subject": {subject}, "decision": {decision}}))
}

// back reads the parameters that the browser is sent back with.
func (c *client) back(a answer) url.Values {
	c.Helper()
	u, err := url.Parse(a.Header.Get("Location"))
	if err != nil || a.StatusCode != http.StatusSeeOther {
		c.Fatalf("no redirect but %s", a.Status)
	}
	return u.Query()
}

// login returns the code of a login by 1001.
func (c *client) login(changes url.Values) string {
	c.Helper()
	q := c.back(c.decide(c.requestOf(c.authorize(changes)), "1001", "allow"))
	if q.Get("code") == "" {
		c.Fatalf("no code, error %q", q.Get("error"))
	}
	return q.Get("code")
}

func codeGrant(code string) url.Values {
	return url.Values{
		"grant_type":    {"authorization_code"},
		"code":          {code},
		"redirect_uri":  {callback},
		"code_verifier": {verifier},
	}
}

// tokens is a token answer, or what is wrong.
type tokens struct {
	Access  string      `json:"access_token"`
	Type    string      `json:"token_type"`
	Expires json.Number `json:"expires_in"`
	Refresh string      `json:"refresh_token"`
	Scope   string      `json:"scope"`
	ID      string      `json:"id_token"`
	Error   string      `json:"error"`
}

func (c *client) tokens(a answer) tokens {
	c.Helper()
	var got tokens
	if err := json.Unmarshal([]byte(a.body), &got); err != nil {
		c.Fatalf("answer %s is no JSON: %v", a.Status, err)
	}
	if a.StatusCode == http.StatusOK != (got.Error == "") {
		c.Fatalf("answer %s with error %q", a.Status, got.Error)
	}
	return got
}

func (c *client) connect() tokens {
	c.Helper()
	return c.tokens(c.post("/token", codeGrant(c.login(nil))))
}

func (c *client) refresh(token string) tokens {
	c.Helper()
	return c.tokens(c.post("/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}}))
}

func (c *client) api(access string) answer {
	c.Helper()
	r := c.request(http.MethodGet, "/api/user", "")
	r.Header.Set("Authorization", "Bearer "+access)
	return c.send(r)
}

// works fails the test unless the API takes, or refuses, an access token.
func (c *client) works(access string, want bool) {
	c.Helper()
	if got := c.api(access).StatusCode; got == http.StatusOK != want {
		c.Errorf("the API answered %d, want the token to work: %v", got, want)
	}
}

// is fails the test unless got has the error code want.
func (c *client) is(got tokens, want string) {
	c.Helper()
	if got.Error != want {
		c.Errorf("error %q, want %q", got.Error, want)
	}
}
