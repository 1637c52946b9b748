package waltz_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/waltz-oauth/waltz"
	"github.com/waltz-oauth/waltz/flaskdance"
	"github.com/waltz-oauth/waltz/provider"
	"github.com/waltz-oauth/waltz/storage/memstore"
	"github.com/waltz-oauth/waltz/waltztest"
)

// newWorld1 is newWorld with a provider of OAuth 1, whose requests are signed with HMAC-SHA1.
func newWorld1(t *testing.T, c waltz.Config, r waltz.Registration) *world {
	t.Helper()
	p := waltztest.New(t, waltztest.Config{})
	r.Provider = p.OAuth1()
	if r.Scopes == nil {
		r.Scopes = []string{}
	}
	return newWorldAt(t, p, c, r)
}

// privateKey is a client's secret for RSA-SHA1.
func privateKey(t *testing.T) string {
	t.Helper()
	const bits = 2048
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
}

// seen keeps the requests that the application makes.
type seen struct {
	mu  sync.Mutex
	all []*http.Request
}

func (s *seen) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	s.all = append(s.all, r.Clone(r.Context()))
	s.mu.Unlock()
	return http.DefaultTransport.RoundTrip(r)
}

// to lists those to path.
func (s *seen) to(path string) (all []*http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.all {
		if r.URL.Path == path {
			all = append(all, r)
		}
	}
	return all
}

func TestTheWholeOAuth1Dance(t *testing.T) {
	t.Parallel()
	all := storages(t)
	var err error
	if all["Flask's session"], err = flaskdance.NewSession(flaskdance.SessionConfig{SecretKey: fakeSecret}); err != nil {
		t.Fatal(err)
	}
	for name, s := range all {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld1(t, waltz.Config{Storage: s}, waltz.Registration{})
			w.get(t, "/record").want(t, http.StatusNotFound, "no token")
			p := w.login(t, waltztest.Allow)
			p.want(t, http.StatusOK, "record(token(")
			if p.path != "/record" {
				t.Errorf("the login led to %s", p.path)
			}
			w.get(t, "/user").want(t, http.StatusOK, "Demo Ada")

			w.provider.ExpireAll() // which nobody can mend: the caller is told
			w.get(t, "/user").want(t, http.StatusUnauthorized, "token_expired")
			w.get(t, "/record").want(t, http.StatusOK, "active, generation 0")

			w.login(t, waltztest.Allow).want(t, http.StatusOK, "record(")
			w.get(t, "/user").want(t, http.StatusOK, "Demo Ada")
			w.post(t, "/login/test/disconnect", "") // this provider has no way to revoke
			w.get(t, "/record").want(t, http.StatusNotFound, "no token")
		})
	}
}

func TestEverySignatureOfOAuth1Dances(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"HMAC-SHA1", "HMAC-SHA256", "RSA-SHA1", "PLAINTEXT"} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			c := waltztest.Config{Signature: method, ClientSecret: "fake-secret+ &%"}
			if method == "RSA-SHA1" {
				c.ClientSecret = privateKey(t)
			}
			p := waltztest.New(t, c)
			var who []provider.Identity
			w := newWorldAt(t, p, waltz.Config{Storage: memstore.New()}, waltz.Registration{
				Provider: p.OAuth1(), Scopes: []string{},
				Hooks: waltz.Hooks{Authorized: func(_ http.ResponseWriter, r *http.Request, a *waltz.Authorization) error {
					id, err := a.Identity(r.Context())
					who = append(who, id)
					return err
				}},
			})
			w.login(t, waltztest.Allow).want(t, http.StatusOK, "record(")
			if len(who) != 1 || who[0].Subject != "1001" || who[0].Email != "ada@example.com" {
				t.Errorf("the account is %v", who)
			}
			api := w.consumer.Client(t.Context())
			resp, err := api.Get("/user?b=2&a=%20+%2b&a=%C3%A9&a&c=~*'()!&=")
			read(t, resp, err).want(t, http.StatusOK, "Demo Ada")
			resp, err = api.PostForm("/notes?a=query", url.Values{"a": {"x y", "é&=", ""}, "b+": {"~"}})
			read(t, resp, err).want(t, http.StatusCreated, "")
			resp, err = api.Post("notes", "application/json", strings.NewReader(`{"a":1}`))
			read(t, resp, err).want(t, http.StatusCreated, `{"a":1}`)
			resp, err = api.Get("/redirect?to=" + url.QueryEscape("/api/user?x=1"))
			read(t, resp, err).want(t, http.StatusOK, "Demo Ada")
		})
	}
}

func TestAnOAuth1LoginAsksForOneRequestTokenSignedInTheHeader(t *testing.T) {
	t.Parallel()
	sent := new(seen)
	w := newWorld1(t, waltz.Config{HTTPClient: &http.Client{Transport: sent}}, waltz.Registration{})
	hold(w.browser)
	w.get(t, "/login/test").want(t, http.StatusFound, "")
	all := sent.to("/oauth1/request")
	if len(all) != 1 || len(sent.all) != 1 {
		t.Fatalf("%d requests, %d for a request token", len(sent.all), len(all))
	}
	h := all[0].Header.Get("Authorization")
	redirectURI := url.QueryEscape(w.URL + "/login/test/authorized")
	for _, part := range []string{`OAuth `, `oauth_consumer_key="waltz-test"`, `oauth_signature="`, `oauth_callback="` + redirectURI + `"`} {
		if !strings.Contains(h, part) {
			t.Errorf("the header lacks %s", part)
		}
	}
	if all[0].URL.RawQuery != "" || all[0].Method != http.MethodPost {
		t.Errorf("it is %s with the query %q", all[0].Method, all[0].URL.RawQuery)
	}
}

func TestAnOAuth1LoginsRedirectURIComesFromTheBaseURL(t *testing.T) {
	t.Parallel()
	sent := new(seen)
	p := waltztest.New(t, waltztest.Config{RedirectURIs: []string{"https://app.example/sub/login/test/authorized"}})
	w := newWorldAt(t, p, waltz.Config{BaseURL: "https://app.example/sub", HTTPClient: &http.Client{Transport: sent}},
		waltz.Registration{Provider: p.OAuth1(), Scopes: []string{}})
	hold(w.browser)
	r := request(t, http.MethodGet, w.URL+"/login/test", "")
	r.Header.Set("X-Forwarded-Host", "evil.example")
	resp, err := w.browser.Client.Do(r)
	read(t, resp, err).want(t, http.StatusFound, "")
	if h := sent.to("/oauth1/request")[0].Header.Get("Authorization"); !strings.Contains(h, `oauth_callback="https%3A%2F%2Fapp.example%2Fsub%2Flogin%2Ftest%2Fauthorized"`) {
		t.Error("the redirect URI is another")
	}
}

func TestAnOAuth1LoginLeadsToTheConsentPageWithTheRequestTokenAlone(t *testing.T) {
	t.Parallel()
	w := newWorld1(t, waltz.Config{}, waltz.Registration{})
	hold(w.browser)
	p := w.get(t, "/login/test")
	u, err := url.Parse(p.header.Get("Location"))
	if err != nil || p.status != http.StatusFound || u.Path != "/oauth1/authorize" {
		t.Fatalf("it leads to %d %s, %v", p.status, u, err)
	}
	if q := u.Query(); len(q) != 1 || !strings.HasPrefix(q.Get("oauth_token"), "request-") {
		t.Errorf("it has %d parameters", len(q))
	}
}

func TestARefusedRequestTokenIsAClearOutcome(t *testing.T) {
	t.Parallel()
	for name, a := range map[string]struct {
		answer waltztest.Answer
		status int
		kind   provider.Kind
		code   string
	}{
		"prose":           {waltztest.Answer{Status: 401, Body: "Unauthorized"}, http.StatusBadGateway, provider.Misconfigured, ""},
		"a problem":       {waltztest.Answer{Status: 400, Body: "oauth_problem=timestamp_refused"}, http.StatusBadGateway, provider.Misconfigured, "timestamp_refused"},
		"in the header":   {waltztest.Answer{Status: 401, Header: http.Header{"Www-Authenticate": {`OAuth realm="x", oauth_problem="consumer_key_unknown"`}}}, http.StatusBadGateway, provider.Misconfigured, "consumer_key_unknown"},
		"too many":        {waltztest.Answer{Status: 429}, http.StatusBadGateway, provider.Limited, ""},
		"broken":          {waltztest.Answer{Status: 500, Body: "oauth_problem=nonce_used"}, http.StatusBadGateway, provider.Doubtful, "nonce_used"},
		"no token":        {waltztest.Answer{Status: 200, Body: "oauth_token=&oauth_token_secret=x&oauth_callback_confirmed=true"}, http.StatusBadGateway, provider.Doubtful, ""},
		"no secret":       {waltztest.Answer{Status: 200, Body: "oauth_token=x&oauth_callback_confirmed=true"}, http.StatusBadGateway, provider.Doubtful, ""},
		"not confirmed":   {waltztest.Answer{Status: 200, Body: "oauth_token=x&oauth_token_secret=y"}, http.StatusBadGateway, provider.Doubtful, ""},
		"a denial of it":  {waltztest.Answer{Status: 200, Body: "oauth_token=x&oauth_token_secret=y&oauth_callback_confirmed=false"}, http.StatusBadGateway, provider.Doubtful, ""},
		"a page":          {waltztest.Answer{Status: 200, Body: "<html>"}, http.StatusBadGateway, provider.Doubtful, ""},
		"too large":       {waltztest.Answer{Status: 200, Body: "oauth_token=" + strings.Repeat("x", 1<<20) + "&oauth_token_secret=y"}, http.StatusBadGateway, provider.Doubtful, ""},
		"a redirect":      {waltztest.Answer{Status: 302, Header: http.Header{"Location": {"/oauth1/request"}}}, http.StatusBadGateway, provider.Doubtful, ""},
		"another's token": {waltztest.Answer{Status: 200, Body: `{"access_token":"x","oauth_token":"y","oauth_token_secret":"z","oauth_callback_confirmed":"true"}`}, http.StatusBadGateway, provider.Doubtful, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var last error
			var failures int
			w := newWorld1(t, waltz.Config{}, waltz.Registration{Hooks: waltz.Hooks{
				Failed: func(_ http.ResponseWriter, _ *http.Request, err error) { last, failures = err, failures+1 },
			}})
			w.provider.Next(waltztest.Request, a.answer)
			p := w.get(t, "/login/test")
			p.want(t, a.status, "Nothing was stored")
			if len(p.header.Values("Set-Cookie")) != 0 || w.provider.Calls(waltztest.Authorize) != 0 {
				t.Error("the login has begun all the same")
			}
			e, ok := errors.AsType[*provider.Error](last)
			if !ok || failures != 1 || e.Op != "request token" || e.Kind != a.kind || e.Code != a.code {
				t.Errorf("the program is told, %d times: %v", failures, last)
			}
		})
	}
}

func TestAnUnconfirmedCallbackIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld1(t, waltz.Config{}, waltz.Registration{})
	w.provider.Behave(func(b *waltztest.Behaviour) { b.Unconfirmed = true })
	w.get(t, "/login/test").want(t, http.StatusBadGateway, "Nothing was stored")
}

func TestARefusedAccessTokenIsAClearOutcome(t *testing.T) {
	t.Parallel()
	for name, a := range map[string]struct {
		answer waltztest.Answer
		kind   provider.Kind
		code   string
	}{
		"prose":       {waltztest.Answer{Status: 401, Body: "Unauthorized"}, provider.Misconfigured, ""},
		"a problem":   {waltztest.Answer{Status: 401, Body: "oauth_problem=token_expired&oauth_problem_advice=Begin+again"}, provider.Refused, "token_expired"},
		"like theirs": {waltztest.Answer{Status: 400, Body: "error=invalid_request"}, provider.Misconfigured, "invalid_request"},
		"no secret":   {waltztest.Answer{Status: 200, Body: "oauth_token=x"}, provider.Doubtful, ""},
		"a type":      {waltztest.Answer{Status: 200, Body: "oauth_token=x&oauth_token_secret=y&token_type=mac"}, provider.Doubtful, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var last error
			var failures int
			w := newWorld1(t, waltz.Config{}, waltz.Registration{Hooks: waltz.Hooks{
				Failed: func(_ http.ResponseWriter, _ *http.Request, err error) { last, failures = err, failures+1 },
			}})
			w.provider.Next(waltztest.Exchange, a.answer)
			w.login(t, waltztest.Allow).want(t, http.StatusBadGateway, "Nothing was stored")
			e, ok := errors.AsType[*provider.Error](last)
			if !ok || failures != 1 || e.Op != "exchange" || e.Kind != a.kind || e.Code != a.code {
				t.Errorf("the program is told, %d times: %v", failures, last)
			}
			w.get(t, "/record").want(t, http.StatusNotFound, "no token")
		})
	}
}

func TestARequestTokenThatExpiredIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld1(t, waltz.Config{}, waltz.Registration{})
	callback := strings.TrimPrefix(w.callbackURL(t), w.URL)
	w.provider.Behave(func(b *waltztest.Behaviour) { b.Skew = 4 * minute }) // within what clocks may differ by
	w.get(t, callback).want(t, http.StatusBadGateway, "Nothing was stored")
	log := w.provider.Log()
	if e := log[len(log)-1].Error; e != "token_expired" {
		t.Errorf("the provider says %q", e)
	}
}

func TestAnOAuth1DenialIsAClearOutcome(t *testing.T) {
	t.Parallel()
	for name, quiet := range map[string]bool{"denied": false, "no verifier": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var last error
			var failures int
			w := newWorld1(t, waltz.Config{}, waltz.Registration{Hooks: waltz.Hooks{
				Failed: func(_ http.ResponseWriter, _ *http.Request, err error) { last, failures = err, failures+1 },
			}})
			w.provider.Behave(func(b *waltztest.Behaviour) { b.QuietDenial = quiet })
			w.login(t, waltztest.Deny).want(t, http.StatusForbidden, "You did not give access at Test provider")
			e, ok := errors.AsType[*provider.Error](last)
			if !errors.Is(last, waltz.ErrDenied) || failures != 1 || !ok || e.Code != "access_denied" {
				t.Errorf("the program is told, %d times: %v", failures, last)
			}
			if n := w.provider.Calls(waltztest.Exchange); n != 0 {
				t.Errorf("%d exchanges", n)
			}
		})
	}
}

func TestATokenSourceHasNoOAuth1Tokens(t *testing.T) {
	t.Parallel()
	w := newWorld1(t, waltz.Config{Storage: memstore.New()}, waltz.Registration{})
	w.login(t, waltztest.Allow)
	if tok, err := w.consumer.TokenSource(t.Context()).Token(); !errors.Is(err, waltz.ErrTokenType) || tok != nil {
		t.Errorf("it is an error: %v", err)
	}
}

func TestRegisterRefusesASecretThatIsNoKey(t *testing.T) {
	t.Parallel()
	app, err := waltz.New(waltz.Config{Secret: fakeSecret})
	if err != nil {
		t.Fatal(err)
	}
	good := privateKey(t)
	p := waltztest.New(t, waltztest.Config{Signature: "RSA-SHA1"}).OAuth1()
	for _, bad := range []string{"fake-secret", good[:200] + good[300:], strings.ReplaceAll(good, "RSA PRIVATE", "PUBLIC")[:400]} {
		_, err := app.Register(waltz.Registration{Provider: p, ClientID: "id", ClientSecret: bad})
		if err == nil || strings.Contains(err.Error(), "fake-secret") || strings.Contains(err.Error(), good[100:120]) {
			t.Errorf("it is %v", err)
		}
	}
	if _, err := app.Register(waltz.Registration{Provider: p, ClientID: "id", ClientSecret: good}); err != nil {
		t.Error(err)
	}
}
