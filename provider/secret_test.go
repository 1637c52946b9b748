package provider_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz/provider"
	"github.com/waltz-oauth/waltz/waltztest"
)

// TestAClientSecretIsSigned is told by a provider that verifies it what is wrong with one; that one that is
// right is taken, Apple's dance shows.
func TestAClientSecretIsSigned(t *testing.T) {
	t.Parallel()
	good := waltztest.Impersonate(t, provider.Apple("team", "key"))
	other := waltztest.Impersonate(t, provider.Apple("team", "key"))
	for name, change := range map[string]func(c *provider.Client){
		"another's key": func(c *provider.Client) { c.Secret = other.ClientSecret },
		"another team":  func(c *provider.Client) { c.Provider.SecretClaims.Issuer = "other" },
		"another key":   func(c *provider.Client) { c.Provider.SecretClaims.KeyID = "other" },
		"no audience":   func(c *provider.Client) { c.Provider.SecretClaims.Audience = "https://other.example" },
	} {
		c := &provider.Client{Provider: provider.Apple("team", "key"), ID: good.ClientID, Secret: good.ClientSecret, HTTP: good.HTTPClient()}
		change(c)
		before := len(good.Complaints())
		_, err := c.Exchange(t.Context(), grant())
		if all := good.Complaints(); err == nil || len(all) != before+1 || !strings.Contains(all[before], "the client is not known") {
			t.Errorf("%s: %v, and it complains of %v", name, err, all[before:])
		}
	}
	for name, secret := range map[string]string{
		"no PEM":         "fake-secret",
		"no key":         "-----BEGIN PRIVATE KEY-----\nZmFrZS1zZWNyZXQ=\n-----END PRIVATE KEY-----\n",
		"a key of RSA's": rsaPEM(t),
	} {
		c := &provider.Client{Provider: provider.Apple("team", "key"), ID: "fake-id", Secret: secret, HTTP: good.HTTPClient()}
		_, err := c.Exchange(t.Context(), grant())
		if e := failed(t, err); e.Kind != provider.Misconfigured || strings.Contains(e.Error(), "BEGIN") || strings.Contains(e.Error(), "fake-secret") {
			t.Errorf("%s: failed with %v", name, err)
		}
		if e := failed(t, c.Revoke(t.Context(), stored(t, ""))); e.Kind != provider.Misconfigured {
			t.Errorf("%s: failed with %v", name, e)
		}
	}
}

func rsaPEM(t *testing.T) string {
	t.Helper()
	const bits = 2048
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

func TestAHashStandsForTheSecret(t *testing.T) {
	t.Parallel()
	c, form := recorded(t, `{"access_token":"a"}`)
	c.Provider.ClientAuth = provider.SecretHash
	c.Secret = "secret"
	g := grant()
	g.Code = "code"
	// printf 'secret|code' | sha256sum
	const want = "875ccbea123ce4cf3682ad9f52be303c7a92c2eddf00e24bbeb583c3bf28765a"
	if _, err := c.Exchange(t.Context(), g); err != nil || form().Get("hash") != want || form().Has("client_secret") || form().Get("client_id") != "fake-id" {
		t.Errorf("sent %v, %v", form(), err)
	}
}

func TestACallbackIsSigned(t *testing.T) {
	t.Parallel()
	c := &provider.Client{Secret: "hush", Provider: provider.Provider{Name: "fake", CallbackMAC: "hmac"}}
	// printf 'code=0907&shop=some-shop&state=1' | openssl dgst -sha256 -hmac hush
	const good = "9dacf25986b4a04ff1128737376ac9e24c4ee61ca34484043c7237a2cc7d6bba"
	q := url.Values{"code": {"0907"}, "shop": {"some-shop"}, "state": {"1"}, "hmac": {good}}
	if err := c.CallbackError(q); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(q url.Values){
		"another code":  func(q url.Values) { q.Set("code", "0908") },
		"one more":      func(q url.Values) { q.Set("more", "1") },
		"one twice":     func(q url.Values) { q.Add("code", "0908") },
		"no signature":  func(q url.Values) { q.Del("hmac") },
		"half of it":    func(q url.Values) { q.Set("hmac", good[:32]) },
		"not in hex":    func(q url.Values) { q.Set("hmac", "not hex") },
		"not an answer": func(q url.Values) { q.Del("hmac"); q.Set("error", "access_denied") },
	} {
		bad := url.Values{"code": {"0907"}, "shop": {"some-shop"}, "state": {"1"}, "hmac": {good}}
		change(bad)
		if e := failed(t, c.CallbackError(bad)); e.Code != "unsigned_callback" || e.Kind != provider.Refused {
			t.Errorf("%s: %v", name, e)
		}
	}
	c.Secret = "" // which everybody has
	q.Set("hmac", "17f57fe38dafdec6bd459752bfd9874c02f2a3f7fb699b48d0e6754e4a2f49be")
	if e := failed(t, c.CallbackError(q)); e.Code != "unsigned_callback" {
		t.Errorf("signed with no secret: %v", e)
	}
}

func TestATypeOfItsOwnIsBearer(t *testing.T) {
	t.Parallel()
	c, _ := serve(t, says(http.StatusOK, `{"access_token":"a","token_type":"User Access Token"}`))
	if _, err := c.Exchange(t.Context(), grant()); err == nil {
		t.Error("a type that is not known was taken")
	}
	c.Provider.TokenType = "User Access Token"
	if tok, err := c.Exchange(t.Context(), grant()); err != nil || tok.TokenType != "Bearer" {
		t.Errorf("the type is %v, %v", tok, err)
	}
}

func TestALifetimeIsKnownWhereAnAnswerNamesNone(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]time.Duration{
		`{"access_token":"a"}`:                   time.Hour,
		`{"access_token":"a","expires_in":7200}`: 2 * time.Hour,
	} {
		c, _ := serve(t, says(http.StatusOK, body))
		c.Provider.Lifetime = time.Hour
		before := time.Now()
		tok, err := c.Exchange(t.Context(), grant())
		if err != nil || tok.Expiry.Before(before.Add(want).Truncate(time.Second)) || tok.Expiry.After(time.Now().Add(want)) {
			t.Errorf("%s: %v", body, err)
		}
	}
}
