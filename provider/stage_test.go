package provider_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// stage plays one provider on loopback, as the facts say that it behaves. It knows nothing of the
// presets. What it is not asked in the provider's way it refuses, saying why.
type stage struct {
	t      *testing.T
	f      facts
	server *httptest.Server
	key    *rsa.PrivateKey

	mu        sync.Mutex
	challenge string
	nonce     string
	scopes    string
	access    string
	refresh   string
	revoked   bool
	refreshes int
}

const (
	stageID      = "fake-client-id"
	stageSecret  = "fake-client-secret"
	stageBack    = "https://app.example/login/p/authorized"
	stageAccount = "4711"
)

func newStage(t *testing.T, f facts, key *rsa.PrivateKey) *stage {
	t.Helper()
	s := &stage{t: t, f: f, key: key}
	s.server = httptest.NewServer(s)
	t.Cleanup(s.server.Close)
	return s
}

// RoundTrip brings a request for anywhere to the stage.
func (s *stage) RoundTrip(r *http.Request) (*http.Response, error) {
	u, err := url.Parse(s.server.URL)
	if err != nil {
		return nil, err
	}
	out := r.Clone(r.Context())
	out.Header.Set("X-Was", r.URL.String())
	out.URL.Scheme, out.URL.Host, out.Host = u.Scheme, u.Host, ""
	return s.server.Client().Transport.RoundTrip(out)
}

func (s *stage) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	was, err := url.Parse(r.Header.Get("X-Was"))
	if err != nil {
		http.Error(w, "no address", http.StatusTeapot)
		return
	}
	at := was.Scheme + "://" + was.Host + was.EscapedPath()
	body, _ := io.ReadAll(r.Body)
	var why string
	switch {
	case s.f.Revocation != nil && at == s.revocation() && s.means(r, body):
		why = s.revoke(r, body)
	case at == filled(s.f.TokenURL), s.f.RefreshURL != "" && at == filled(s.f.RefreshURL):
		why = s.token(w, r, at, body)
	case s.f.Userinfo != nil && at == filled(s.f.Userinfo.URL):
		why = s.userinfo(w, r, was.Query(), body)
	case s.f.Userinfo != nil && s.f.Userinfo.EmailLookup != nil && at == s.f.Userinfo.EmailLookup.URL:
		say(w, []map[string]any{{"email": "ada@mail.example", "primary": true, "verified": true}})
	case s.f.Issuer != "" && at == strings.TrimSuffix(filled(s.f.Issuer), "/")+"/.well-known/openid-configuration":
		say(w, map[string]any{"issuer": filled(s.f.Issuer), "jwks_uri": "https://keys.example/jwks", "id_token_signing_alg_values_supported": []string{"RS256"}})
	case at == "https://keys.example/jwks":
		say(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: &s.key.PublicKey, KeyID: "fake-key", Algorithm: "RS256", Use: "sig"}}})
	default:
		why = "there is nothing at " + at
	}
	if why != "" {
		s.t.Errorf("%s %s: %s", r.Method, at, why)
		http.Error(w, why, http.StatusBadRequest)
	}
}

func say(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

// authorize is the consent page: it looks at what a login asks, and gives the code.
func (s *stage) authorize(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return err.Error()
	}
	q := u.Query()
	a := s.f.Authorization
	want := s.f.loginParams()
	for name, value := range map[string]string{"response_type": "code", "client_id": stageID, "redirect_uri": stageBack, "state": "fake-state"} {
		switch own := a.Rename[name]; {
		case slices.Contains(a.Omit, name):
			if q.Has(name) && want[name] == "" {
				return "it has " + name
			}
		case own != "":
			want[own] = value
		default:
			want[name] = value
		}
	}
	for name, value := range want {
		if q.Get(name) != value {
			return fmt.Sprintf("%s is %q, want %q", name, q.Get(name), value)
		}
	}
	separator := s.f.ScopeSeparator
	if separator == "" {
		separator = " "
	}
	if scopes := strings.Join(s.f.scopes(), separator); q.Get("scope") != scopes {
		return fmt.Sprintf("scope is %q, want %q", q.Get("scope"), scopes)
	}
	method, off := q.Get("code_challenge_method"), slices.Contains(s.f.Quirks, "pkce-off")
	if off && method != "" || s.f.PKCE.Method == "plain" && method != "plain" || !off && s.f.PKCE.Method != "plain" && method != "S256" {
		return "PKCE is " + method
	}
	s.challenge, s.nonce, s.scopes = q.Get("code_challenge"), q.Get("nonce"), q.Get("scope")
	if filled(s.f.AuthorizationURL) != u.Scheme+"://"+u.Host+u.EscapedPath() {
		return "it is at " + u.Host + u.Path
	}
	return ""
}

// members are those of a request's body, whose shape must be the one that the facts have.
func members(r *http.Request, format string, body []byte) (map[string]string, string) {
	all := make(map[string]string)
	if format == "json" {
		if err := json.Unmarshal(body, &all); err != nil || r.Header.Get("Content-Type") != "application/json" {
			return nil, "it is not JSON"
		}
		return all, ""
	}
	form, err := url.ParseQuery(string(body))
	if err != nil || len(body) > 0 && r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" {
		return nil, "it is no form"
	}
	for name := range form {
		all[name] = form.Get(name)
	}
	return all, ""
}

// knows says why the client is not known by how it authenticates, "" if it is.
func (s *stage) knows(how string, r *http.Request, got map[string]string, names map[string]string) string {
	id, secret := "client_id", "client_secret"
	if own := names[id]; own != "" {
		id = own
	}
	user, password, basic := r.BasicAuth()
	inHeader := basic && user == stageID && password == stageSecret && got[secret] == ""
	inBody := !basic && got[id] == stageID && got[secret] == stageSecret
	ok := false
	switch how {
	case "basic":
		ok = inHeader
	case "body":
		ok = inBody
	case "either", "":
		ok = inHeader || inBody
	case "none":
		ok = !basic && got[secret] == "" && got[id] == stageID
	case "secret":
		ok = r.Header.Get("Authorization") == "Bearer "+stageSecret
	case "secret_as_username":
		ok = basic && user == stageSecret && password == ""
	}
	if !ok {
		return "the client is not known: it authenticates by " + how
	}
	return ""
}

func (s *stage) token(w http.ResponseWriter, r *http.Request, at string, body []byte) string {
	tr := s.f.TokenRequest
	got, why := members(r, tr.Format, body)
	if why != "" {
		return why
	}
	if why := s.knows(tr.ClientAuth, r, got, tr.Rename); why != "" {
		return why
	}
	for name, value := range tr.Headers {
		if name != "Authorization" && !strings.Contains(value, "<") && r.Header.Get(name) != value {
			return "the header " + name + " is wanting"
		}
	}
	for _, name := range tr.Omit {
		if _, ok := got[name]; ok {
			return "it has " + name
		}
	}
	switch got["grant_type"] {
	case "authorization_code":
		if at != filled(s.f.TokenURL) || got["code"] != "fake-code" {
			return "no such code here"
		}
		for name, value := range tr.Params {
			if got[name] != filled(value) && !strings.Contains(value, "{client_id}") {
				return "the member " + name + " is wanting"
			}
		}
		if !slices.Contains(tr.Omit, "redirect_uri") && got["redirect_uri"] != stageBack {
			return "the redirect URI is another"
		}
		sum := sha256.Sum256([]byte(got["code_verifier"]))
		if c := s.challenge; c != "" && c != got["code_verifier"] && c != base64.RawURLEncoding.EncodeToString(sum[:]) {
			return "the verifier is another"
		}
	case "refresh_token":
		if s.f.RefreshURL != "" && at != filled(s.f.RefreshURL) {
			return "refreshes go elsewhere"
		}
		if got["refresh_token"] != s.refresh || s.refresh == "" {
			return "no such refresh token"
		}
		if s.f.RefreshToken.Params["redirect_uri"] != "" && got["redirect_uri"] != stageBack {
			return "the redirect URI is wanting"
		}
		s.refreshes++
	default:
		return "grant_type is " + got["grant_type"]
	}
	return s.grant(w)
}

// grant answers with a token in the provider's form.
func (s *stage) grant(w http.ResponseWriter) string {
	s.access = "fake-access-" + rand.Text()
	answer := map[string]any{"access_token": s.access, "token_type": "bearer", "expires_in": 3600, "unheard_of": map[string]any{"kept": true}}
	if slices.Contains(s.f.Quirks, "token-type-fix") {
		delete(answer, "token_type")
	}
	if s.refresh == "" || !slices.Contains(s.f.Quirks, "refresh-not-echoed") {
		s.refresh = "fake-refresh-" + rand.Text()
		answer["refresh_token"] = s.refresh
	}
	if s.f.Userinfo != nil && s.f.Userinfo.Source == "token_response" {
		put(answer, s.f.Userinfo.ID, stageAccount)
	}
	if s.f.Protocol == "oidc" && strings.Contains(s.scopes, "openid") {
		signed, err := s.idToken()
		if err != nil {
			return err.Error()
		}
		answer["id_token"] = signed
	}
	if at := s.f.TokenResponse.WrappedAt; at != "" {
		whole := map[string]any{"ok": true}
		put(whole, at, answer)
		answer = whole
	}
	say(w, answer)
	return ""
}

func (s *stage) idToken() (string, error) {
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: s.key, KeyID: "fake-key"}}, nil)
	if err != nil {
		return "", err
	}
	now := time.Now()
	return jwt.Signed(signer).Claims(map[string]any{
		"iss": filled(s.f.Issuer), "aud": stageID, "sub": stageAccount, "nonce": s.nonce,
		"iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
	}).Serialize()
}
