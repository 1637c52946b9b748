package waltztest

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"html/template"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/waltz-oauth/waltz/internal/facts"
	"github.com/waltz-oauth/waltz/provider"
)

// Impersonation plays one of the providers that others run, as that is known to behave: what it asks
// for in a login and in a token request, how it answers, says whose account it is, and revokes. What
// it is asked in another way it refuses, and [Impersonation.Complaints] says why. It holds one grant
// at a time. Its methods are safe for concurrent use; its fields are to be set, if at all, before the
// first request.
type Impersonation struct {
	ClientID     string // of the one registration
	ClientSecret string // "": the provider knows clients without one only; of Apple's kind it is a key
	RedirectURI  string // where a login comes back to at a provider that is told so beforehand (eBay); at others it is the login's
	Person       Person // who logs in

	known   facts.Provider
	values  map[string]string // what the program has named: a host, a tenant
	params  provider.SecretClaims
	server  *httptest.Server
	page    *template.Template
	signing func() (*rsa.PrivateKey, error)

	mu         sync.Mutex
	lifetime   time.Duration
	pending    map[string]*visit
	code       string
	login      *visit // that the code is of
	access     string
	refresh    string
	revoked    bool
	refreshes  int
	complaints []string
	one        oauth1
}

// visit is a login on its way through the consent page.
type visit struct {
	redirect, state, challenge, nonce, scopes string
	request                                   string // OAuth 1: the request token
}

// Impersonate starts a provider that is p to whoever comes by [Impersonation.HTTPClient] or
// [Impersonation.Browser], and stops when the test ends. What it does comes from what is known of the
// provider of p's name, and of p only what a program fills in, such as a host. It plays
// every preset.
func Impersonate(t T, p provider.Provider) *Impersonation {
	t.Helper()
	all, err := facts.All()
	if err != nil {
		t.Fatal(err)
	}
	known, ok := all[p.Name]
	if !ok {
		t.Fatal(fmt.Sprintf("waltztest: %q cannot be impersonated: New makes a provider of no name", p.Name))
	}
	page, err := parsePage()
	if err != nil {
		t.Fatal(err)
	}
	i := &Impersonation{
		ClientID: "waltz-test", ClientSecret: "fake-secret",
		Person: Person{Subject: "1001", Name: "Demo Ada", Email: "ada@example.com"},
		known:  known, values: namedBy(p, known), params: p.SecretClaims, page: page,
		signing:  sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) }),
		lifetime: time.Hour,
		pending:  make(map[string]*visit),
	}
	switch known.TokenRequest.ClientAuth {
	case "none":
		i.ClientSecret = ""
	case "jwt":
		i.ClientSecret, err = newKey()
	case "oauth1 RSA-SHA1":
		i.ClientSecret, err = newRSAKey()
	}
	if err != nil {
		t.Fatal(err)
	}
	i.server = httptest.NewServer(i)
	t.Cleanup(i.server.Close)
	return i
}

// HTTPClient returns a client for [waltz.Config]'s HTTPClient. Its requests come here whatever their
// host, save that those to loopback go where they say.
func (i *Impersonation) HTTPClient() *http.Client { return &http.Client{Transport: stageDoor{i}} }

// Browser returns a person at a browser for whom the provider's addresses lead here.
func (i *Impersonation) Browser() *Browser {
	b := NewBrowser()
	jar, _ := cookiejar.New(nil) // which never fails
	b.Client = &http.Client{Jar: jar, Transport: stageDoor{i}}
	return b
}

// SetLifetime sets how long the access tokens live that are issued from now on: an hour at first.
func (i *Impersonation) SetLifetime(d time.Duration) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.lifetime = d
}

// End ends the grant there is, as if the person had removed the application from the account.
func (i *Impersonation) End() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.access, i.refresh = "", ""
}

// Revoked reports whether the program has revoked a token.
func (i *Impersonation) Revoked() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.revoked
}

// Refreshes counts the refreshes that were answered with a token.
func (i *Impersonation) Refreshes() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.refreshes
}

// Complaints say what was asked in a way that is not the provider's. No secret is in them.
func (i *Impersonation) Complaints() []string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return slices.Clone(i.complaints)
}

// ServeHTTP answers what came through the client or the browser.
func (i *Impersonation) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	was, err := url.Parse(r.Header.Get(headerWas))
	if err != nil || was.Host == "" {
		http.Error(w, "come by the client of the impersonation", http.StatusTeapot)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		http.Error(w, "the request is too large", http.StatusRequestEntityTooLarge)
		return
	}
	if why := i.answer(w, r, was, body); why != "" {
		at := was.Scheme + "://" + was.Host + was.EscapedPath()
		i.complaints = append(i.complaints, fmt.Sprintf("%s %s: %s", r.Method, at, why))
		http.Error(w, why, http.StatusBadRequest)
	}
}

// answer says why it does not, "" if it does.
func (i *Impersonation) answer(w http.ResponseWriter, r *http.Request, was *url.URL, body []byte) string {
	at := was.Scheme + "://" + was.Host + was.EscapedPath()
	k := i.known
	issuer := i.fill(k.Issuer)
	switch {
	case r.Method == http.MethodPost && was.Path == "/consent":
		return i.consent(w, body)
	case was.Path == "/style.css":
		serveStylesheet(w, r)
	case k.Protocol == "oauth1":
		r.Body = io.NopCloser(bytes.NewReader(body))
		return i.answer1(w, r, was)
	case r.Method == http.MethodGet && at == i.fill(k.AuthorizationURL):
		return i.authorize(w, was.Query())
	case k.Revocation != nil && at == i.revocation() && i.meansRevocation(r, body):
		return i.revoke(r, body)
	case k.RefreshToken.Upgrade != nil && at == k.RefreshToken.Upgrade.URL && i.carriesGrant(k.RefreshToken.Upgrade.Params, was, body):
		return i.spend(w, r, k.RefreshToken.Upgrade.Method, k.RefreshToken.Upgrade.TokenParam, k.RefreshToken.Upgrade.Params, was, body)
	case k.RefreshToken.URL != "" && at == k.RefreshToken.URL:
		return i.spend(w, r, k.RefreshToken.Method, k.RefreshToken.TokenParam, k.RefreshToken.Params, was, body)
	case at == i.fill(k.TokenURL), k.RefreshURL != "" && at == i.fill(k.RefreshURL):
		return i.token(w, r, at, body)
	case k.Userinfo != nil && k.Userinfo.URL != "" && at == i.fill(k.Userinfo.URL):
		return i.userinfo(w, r, was.Query(), body)
	case k.Userinfo != nil && k.Userinfo.EmailLookup != nil && at == k.Userinfo.EmailLookup.URL:
		writeJSON(w, http.StatusOK, []map[string]any{{"email": i.Person.Email, "primary": true, "verified": true}})
	case issuer != "" && at == strings.TrimSuffix(issuer, "/")+"/.well-known/openid-configuration":
		writeJSON(w, http.StatusOK, map[string]any{"issuer": issuer, "jwks_uri": keysURL, "id_token_signing_alg_values_supported": []string{"RS256"}})
	case at == keysURL:
		return i.keys(w)
	case i.hasAPI(was.Host):
		return i.api(w, r)
	default:
		return "there is nothing there"
	}
	return ""
}

// hasAPI reports whether the provider's API is at host.
func (i *Impersonation) hasAPI(host string) bool {
	return slices.ContainsFunc(append(slices.Clone(i.known.TokenHosts), i.known.BaseURL), func(known string) bool {
		at := strings.TrimPrefix(i.fill(known), "https://")
		at, _, _ = strings.Cut(at, "/")
		return at == host
	})
}

const keysURL = "https://keys.example/jwks"

// fill fills in what the program has named, and what the provider tells it later.
func (i *Impersonation) fill(text string) string {
	if i.values["version"] == "" {
		text = strings.ReplaceAll(text, "v{version}/", "")
	}
	return facts.Fill(text, i.values)
}

// namedBy reads off p what the variables of its facts stand for.
func namedBy(p provider.Provider, known facts.Provider) map[string]string {
	values := make(map[string]string)
	for _, pair := range [][2]string{
		{known.AuthorizationURL, p.AuthorizationURL},
		{known.TokenURL, p.TokenURL},
		{known.BaseURL, p.APIBase},
		{known.Issuer, p.Issuer},
	} {
		maps.Copy(values, unified(pair[0], pair[1]))
	}
	for name, value := range known.Authorization.Params {
		maps.Copy(values, unified(value, p.AuthorizationParams[name]))
	}
	if l := known.API.Learned; l != nil {
		values[l.Pointer[strings.LastIndexByte(l.Pointer, '/')+1:]] = l.Value
	}
	return values
}
