package provider_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/waltz-oauth/waltz/provider"
)

// issuer is an OpenID Connect issuer whose token endpoint answers with what claims and sign say.
type issuer struct {
	url      string
	key      *rsa.PrivateKey
	claims   map[string]any // of the next ID token
	sign     func(claims []byte) string
	metadata map[string]any
	userinfo string
	asked    sync.Map // path: *atomic.Int32
}

// keys are two, made once since that takes long.
var keys = sync.OnceValue(func() (all [2]*rsa.PrivateKey) {
	for i := range all {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err)
		}
		all[i] = key
	}
	return all
})

func newIssuer(t *testing.T) (*issuer, *provider.Client) {
	t.Helper()
	key := keys()[0]
	i := &issuer{key: key}
	s := httptest.NewServer(i)
	t.Cleanup(s.Close)
	i.url = s.URL
	i.metadata = map[string]any{
		"issuer": s.URL, "authorization_endpoint": s.URL + "/authorize", "token_endpoint": s.URL + "/token",
		"userinfo_endpoint": s.URL + "/userinfo", "jwks_uri": s.URL + "/keys", "revocation_endpoint": s.URL + "/revoke",
	}
	hash := sha256.Sum256([]byte("fake-access"))
	i.claims = map[string]any{
		"iss": s.URL, "aud": "fake-id", "sub": "1001", "nonce": fakeNonce, "name": "Jo",
		"iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix(),
		"at_hash": base64.RawURLEncoding.EncodeToString(hash[:16]),
	}
	i.sign = func(claims []byte) string { return signed(t, jose.RS256, key, "key-1", claims) }
	i.userinfo = `{"sub":"1001","name":"Jo","email":"jo@example.org","email_verified":true}`
	p, err := provider.Discover(t.Context(), s.Client(), s.URL)
	if err != nil {
		t.Fatal(err)
	}
	return i, &provider.Client{Provider: p, ID: "fake-id", Secret: fakeSecret, HTTP: s.Client()}
}

func (i *issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n, _ := i.asked.LoadOrStore(r.URL.Path, new(atomic.Int32))
	n.(*atomic.Int32).Add(1)
	answer := map[string]any{}
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		answer = i.metadata
	case "/keys":
		answer["keys"] = []jose.JSONWebKey{{Key: i.key.Public(), KeyID: "key-1", Algorithm: "RS256", Use: "sig"}}
	case "/userinfo":
		_, _ = io.WriteString(w, i.userinfo)
		return
	case "/token":
		answer = map[string]any{"access_token": "fake-access", "refresh_token": "fake-next", "expires_in": 3600}
		if i.sign != nil {
			claims, _ := json.Marshal(i.claims)
			answer["id_token"] = i.sign(claims)
		}
	}
	_ = json.NewEncoder(w).Encode(answer)
}

func (i *issuer) requests(path string) int32 {
	n, ok := i.asked.Load(path)
	if !ok {
		return 0
	}
	return n.(*atomic.Int32).Load()
}

func signed(t *testing.T, alg jose.SignatureAlgorithm, key any, id string, claims []byte) string {
	t.Helper()
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: jose.JSONWebKey{Key: key, KeyID: id}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	signature, err := s.Sign(claims)
	if err != nil {
		t.Fatal(err)
	}
	text, err := signature.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// forgeries are ways to sign that must not pass.
func (i *issuer) forgeries(t *testing.T) map[string]func([]byte) string {
	t.Helper()
	other := keys()[1]
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(i.key.Public())
	if err != nil {
		t.Fatal(err)
	}
	by := func(alg jose.SignatureAlgorithm, key any, id string) func([]byte) string {
		return func(claims []byte) string { return signed(t, alg, key, id, claims) }
	}
	part := base64.RawURLEncoding.EncodeToString
	return map[string]func([]byte) string{
		"another key":             by(jose.RS256, other, "key-1"),
		"an unknown key":          by(jose.RS256, other, "key-2"),
		"an unexpected algorithm": by(jose.ES256, curve, "key-1"),
		"HS256, public key":       by(jose.HS256, public, "key-1"),
		"HS256, client secret":    by(jose.HS256, []byte(fakeSecret+fakeSecret), "key-1"),
		"none":                    func(claims []byte) string { return part([]byte(`{"alg":"none"}`)) + "." + part(claims) + "." },
		"nothing":                 func([]byte) string { return "fake-id-token-canary" },
		"another's claims": func(claims []byte) string {
			parts := strings.Split(signed(t, jose.RS256, i.key, "key-1", claims), ".")
			parts[1] = part([]byte(strings.Replace(string(claims), "1001", "1002", 1)))
			return strings.Join(parts, ".")
		},
	}
}

func with(claims map[string]any, name string, value any) map[string]any {
	claims = maps.Clone(claims)
	claims[name] = value
	if value == nil {
		delete(claims, name)
	}
	return claims
}
