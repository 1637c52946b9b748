package provider_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/waltz-oauth/waltz/provider"
	"github.com/waltz-oauth/waltz/waltztest"
)

// stage1 is what stage is, of a provider of OAuth 1. Requests for anywhere come to it.
type stage1 struct {
	t      *testing.T
	f      facts
	secret string // the client's

	mu                                          sync.Mutex
	request, requestSecret, access, tokenSecret string
}

// verifier is what the consent page of stage1 gives.
const stageVerifier = "fake-verifier"

// dancesOAuth1 has c log in at a stage and say whose account it is.
func dancesOAuth1(t *testing.T, p provider.Provider, f facts, key *rsa.PrivateKey) {
	t.Helper()
	s := &stage1{t: t, f: f, secret: stageSecret}
	if p.Signature == provider.RSASHA1 {
		s.secret = string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
	}
	c := &provider.Client{Provider: p, ID: stageID, Secret: s.secret, HTTP: &http.Client{Transport: s}}
	asked, err := c.RequestToken(t.Context(), stageBack)
	if err != nil {
		t.Fatal(err)
	}
	address, err := c.AuthorizationURL(provider.AuthorizationRequest{RequestToken: asked.Token, Scopes: p.Scopes})
	if err != nil {
		t.Fatal(err)
	}
	s.authorize(address)
	tok, err := c.Exchange(t.Context(), provider.Grant{Code: stageVerifier, RequestToken: asked})
	if err != nil {
		t.Fatal(err)
	}
	if tok.AccessToken != s.access || tok.Secret != s.tokenSecret || tok.ExtraString("unheard_of") != "kept" || tok.RefreshToken != "" || !tok.Expiry.IsZero() {
		t.Error("the token is another")
	}
	if p.Userinfo.URL != "" || p.Userinfo.FromToken {
		if who, err := c.Identity(t.Context(), tok); err != nil || who.Subject != stageAccount {
			t.Errorf("the account is %q, %v", who.Subject, err)
		}
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.APIBase+"things?b=1&a=2&a=1", strings.NewReader("c=3"))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if err := c.Sign(r, tok); err != nil {
		t.Fatal(err)
	}
	if why := s.api(r); why != "" {
		t.Error(why)
	}
}

func (s *stage1) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	if r.Body == nil { // as it is for a server
		r.Body = http.NoBody
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	w := httptest.NewRecorder()
	var why string
	switch at := r.URL.Scheme + "://" + r.URL.Host + r.URL.EscapedPath(); {
	case at == filled(s.f.RequestTokenURL):
		why = s.requestToken(w, r)
	case at == filled(s.f.TokenURL):
		why = s.token(w, r)
	case s.f.Userinfo != nil && at == filled(s.f.Userinfo.URL):
		why = s.userinfo(w, r)
	default:
		why = "there is nothing there"
	}
	if why != "" {
		s.t.Errorf("%s %s: %s", r.Method, r.URL, why)
		w.WriteHeader(http.StatusBadRequest)
	}
	return w.Result(), nil
}

// verified says why r is not signed in the provider's way, "" if it is.
func (s *stage1) verified(r *http.Request, tokenSecret string, want map[string]string) string {
	if err := r.ParseForm(); err != nil {
		return err.Error()
	}
	header, err := waltztest.CheckSignature(r, r.URL, s.secret, tokenSecret)
	if err != nil {
		return err.Error()
	}
	want["oauth_consumer_key"] = stageID
	if method := strings.TrimPrefix(s.f.TokenRequest.ClientAuth, "oauth1 "); header["oauth_signature_method"] != method {
		return "it is not signed by " + method
	}
	for name, value := range want {
		if header[name] != value {
			return name + " is another"
		}
	}
	return ""
}

func (s *stage1) requestToken(w http.ResponseWriter, r *http.Request) string {
	if r.Method != s.f.TokenRequest.Method {
		return "the method is another"
	}
	s.request, s.requestSecret = "fake-request-"+rand.Text(), "fake-request-secret-"+rand.Text()
	form(w, url.Values{"oauth_token": {s.request}, "oauth_token_secret": {s.requestSecret}, "oauth_callback_confirmed": {"true"}})
	return s.verified(r, "", map[string]string{"oauth_callback": stageBack, "oauth_token": ""})
}

// authorize is the consent page.
func (s *stage1) authorize(address string) {
	u, err := url.Parse(address)
	if err != nil {
		s.t.Fatal(err)
	}
	want := url.Values{"oauth_token": {s.request}}
	for name, value := range s.f.loginParams() {
		want.Set(name, value)
	}
	if scopes := s.f.scopes(); len(scopes) > 0 {
		want.Set("scope", strings.Join(scopes, s.f.ScopeSeparator))
	}
	if got := u.Query(); !maps.EqualFunc(got, want, slices.Equal) {
		s.t.Errorf("login: asked with %v, want %v", got, want)
	}
	if u.Scheme+"://"+u.Host+u.EscapedPath() != filled(s.f.AuthorizationURL) {
		s.t.Errorf("login: it is at %s", u.Path)
	}
}

func (s *stage1) token(w http.ResponseWriter, r *http.Request) string {
	s.access, s.tokenSecret = "fake-access-"+rand.Text(), "fake-secret-"+rand.Text()
	answer := url.Values{"oauth_token": {s.access}, "oauth_token_secret": {s.tokenSecret}, "unheard_of": {"kept"}}
	for _, name := range s.f.TokenResponse.Extras {
		answer.Set(name, "extra")
	}
	if s.f.Userinfo != nil && s.f.Userinfo.Source == "token_response" {
		answer.Set(strings.TrimPrefix(s.f.Userinfo.ID, "/"), stageAccount)
	}
	form(w, answer)
	return s.verified(r, s.requestSecret, map[string]string{"oauth_token": s.request, "oauth_verifier": stageVerifier, "oauth_callback": ""})
}

// api says why a request is not one for the account, "" if it is.
func (s *stage1) api(r *http.Request) string {
	return s.verified(r, s.tokenSecret, map[string]string{"oauth_token": s.access, "oauth_verifier": ""})
}

func (s *stage1) userinfo(w http.ResponseWriter, r *http.Request) string {
	u := s.f.Userinfo
	for name, value := range u.Query {
		if r.URL.Query().Get(name) != value {
			return "the query lacks " + name
		}
	}
	for _, headers := range []map[string]string{s.f.API.Headers, u.Headers} {
		for name, value := range headers {
			if got := r.Header.Get(name); got == "" || got != value && !strings.Contains(value, "<") {
				return "the header " + name + " is wanting"
			}
		}
	}
	answer := make(map[string]any)
	put(answer, u.Name, "Demo Ada")
	put(answer, u.Email, "ada@mail.example")
	put(answer, u.ID, stageAccount)
	say(w, answer)
	if r.Method != u.Method {
		return "the method is another"
	}
	return s.api(r)
}

func form(w http.ResponseWriter, answer url.Values) {
	w.Header().Set("Content-Type", "application/x-www-form-urlencoded")
	_, _ = w.Write([]byte(answer.Encode()))
}

func TestOAuth1HasNothingOfOAuth2BesideIt(t *testing.T) {
	t.Parallel()
	good := provider.Tumblr()
	for name, change := range map[string]func(p *provider.Provider){
		"an issuer":            func(p *provider.Provider) { p.Issuer = "https://tumblr.example" },
		"refreshes":            func(p *provider.Provider) { p.RefreshURL = "https://tumblr.example" },
		"a header of its own":  func(p *provider.Provider) { p.APICredentials = "X-Token: " },
		"PKCE":                 func(p *provider.Provider) { p.PKCE = provider.Plain },
		"client credentials":   func(p *provider.Provider) { p.ClientAuth = provider.Body },
		"a revocation by form": func(p *provider.Provider) { p.Revocation.URL = "https://tumblr.example" },
		"plain http":           func(p *provider.Provider) { p.RequestTokenURL = "http://tumblr.example" },
		"no such signature":    func(p *provider.Provider) { p.Signature = 17 },
	} {
		p := good
		change(&p)
		if err := p.Validate(); err == nil {
			t.Errorf("%s is let through", name)
		}
	}
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
}
