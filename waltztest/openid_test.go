package waltztest_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/waltz-oauth/waltz/waltztest"
)

// claims checks an ID token with the server's published key and returns its claims.
func (c *client) claims(signed string) map[string]any {
	c.Helper()
	var keys jose.JSONWebKeySet
	if err := json.Unmarshal([]byte(c.send(c.request(http.MethodGet, "/jwks", "")).body), &keys); err != nil {
		c.Fatal(err)
	}
	jws, err := jose.ParseSignedCompact(signed, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		c.Fatal(err)
	}
	found := keys.Key(jws.Signatures[0].Header.KeyID)
	if len(found) != 1 || !found[0].Valid() || !found[0].IsPublic() {
		c.Fatalf("%d keys for the ID token", len(found))
	}
	payload, err := jws.Verify(found[0])
	if err != nil {
		c.Fatal(err)
	}
	var claims map[string]any
	if err := json.Unmarshal(payload, &claims); err != nil {
		c.Fatal(err)
	}
	return claims
}

func TestIDTokenIsSignedAndNamesTheLogin(t *testing.T) {
	t.Parallel()
	c := newClient(t, waltztest.Config{})
	got := c.tokens(c.post("/token", codeGrant(c.login(url.Values{"scope": {"openid"}, "nonce": {"fake-nonce"}}))))
	claims := c.claims(got.ID)
	for name, want := range map[string]any{
		"iss": c.URL, "aud": c.ClientID, "sub": "1001", "nonce": "fake-nonce",
		"name": "Demo Ada", "email": "ada@example.com", "email_verified": true,
	} {
		if claims[name] != want {
			t.Errorf("%s is %v, want %v", name, claims[name], want)
		}
	}
	issued, _ := claims["iat"].(float64)
	expires, _ := claims["exp"].(float64)
	if expires-issued != 3600 {
		t.Errorf("lives for %v seconds", expires-issued)
	}
	again := c.claims(c.refresh(got.Refresh).ID)
	if again["sub"] != "1001" || again["nonce"] != nil { // OpenID Connect Core 1.0 section 12.2
		t.Errorf("after a refresh: sub %v, nonce %v", again["sub"], again["nonce"])
	}
}

func TestClaimsOfIDTokensCanBeChanged(t *testing.T) {
	t.Parallel()
	c := newClient(t, waltztest.Config{Behaviour: waltztest.Behaviour{Claims: map[string]any{"aud": "other", "email": nil}}})
	got := c.tokens(c.post("/token", codeGrant(c.login(url.Values{"scope": {"openid"}}))))
	_, payload, _ := strings.Cut(got.ID, ".")
	payload, _, _ = strings.Cut(payload, ".")
	text, err := base64.RawURLEncoding.DecodeString(payload)
	if err != nil || !strings.Contains(string(text), `"aud":"other"`) || strings.Contains(string(text), "email\"") {
		t.Errorf("claims %s, error %v", text, err)
	}
}

func TestMetadataDescribesWhatIsThere(t *testing.T) {
	t.Parallel()
	c := newClient(t, waltztest.Config{})
	for _, path := range []string{"/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"} {
		var m map[string]any
		if err := json.Unmarshal([]byte(c.send(c.request(http.MethodGet, path, "")).body), &m); err != nil {
			t.Fatal(err)
		}
		if m["issuer"] != c.URL || m["authorization_response_iss_parameter_supported"] != true {
			t.Errorf("%s: issuer %v", path, m["issuer"])
		}
		for name, value := range m {
			address, isText := value.(string)
			if !isText || name == "issuer" {
				continue
			}
			for _, method := range []string{http.MethodGet, http.MethodPost} {
				if a := c.send(c.request(method, strings.TrimPrefix(address, c.URL), "")); a.StatusCode == http.StatusNotFound {
					t.Errorf("%s: nothing is at the %s", path, name)
				}
			}
		}
	}
}

func TestUserInfo(t *testing.T) {
	t.Parallel()
	c := newClient(t, waltztest.Config{})
	r := c.request(http.MethodGet, "/userinfo", "")
	r.Header.Set("Authorization", "Bearer "+c.connect().Access)
	if a := c.send(r); a.body != `{"email":"ada@example.com","email_verified":true,"name":"Demo Ada","sub":"1001"}` {
		t.Errorf("got %s", a.body)
	}
}
