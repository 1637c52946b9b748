package waltztest_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz/provider"
	"github.com/waltz-oauth/waltz/token"
	"github.com/waltz-oauth/waltz/waltztest"
)

// signing is a client of OAuth 1 that was written apart from the server.
func signing(s *waltztest.Server) *provider.Client {
	return &provider.Client{Provider: s.OAuth1(), ID: s.ClientID, Secret: s.ClientSecret}
}

// verified takes c as far as the verifier.
func verified(t *testing.T, c *provider.Client, d waltztest.Decision) (provider.RequestToken, url.Values) {
	t.Helper()
	redirectURI, callback := arrivals(t)
	request, err := c.RequestToken(t.Context(), redirectURI)
	if err != nil {
		t.Fatal(err)
	}
	login, err := c.AuthorizationURL(provider.AuthorizationRequest{RequestToken: request.Token})
	if err != nil {
		t.Fatal(err)
	}
	resp, err := waltztest.NewBrowser().Login(t.Context(), login, "1002", d)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	return request, <-callback
}

func exchange(t *testing.T, c *provider.Client) *token.Token {
	t.Helper()
	request, q := verified(t, c, waltztest.Allow)
	tok, err := c.Exchange(t.Context(), provider.Grant{Code: q.Get("oauth_verifier"), RequestToken: request})
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// code is that of a failed call.
func code(t *testing.T, err error) string {
	t.Helper()
	e, ok := errors.AsType[*provider.Error](err)
	if !ok {
		t.Fatalf("it is %v", err)
	}
	return e.Code
}

func TestClientAndOAuth1ServerAgree(t *testing.T) {
	t.Parallel()
	const bits = 2048
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	private := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	for method, secret := range map[string]string{"": "", "HMAC-SHA1": "fake+&%é", "HMAC-SHA256": "", "PLAINTEXT": "fake &%", "RSA-SHA1": private} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			s := waltztest.New(t, waltztest.Config{Signature: method, ClientSecret: secret})
			c := signing(s)
			if err := c.Provider.Validate(); err != nil {
				t.Fatal(err)
			}
			tok := exchange(t, c)
			if tok.ExtraString("user_id") != "1002" {
				t.Error("the answer's other members are lost")
			}
			who, err := c.Identity(t.Context(), tok)
			if err != nil || who.Subject != "1002" {
				t.Errorf("the account is %q, %v", who.Subject, err)
			}
		})
	}
}

func TestAWrongSignatureIsRefused(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"HMAC-SHA1", "HMAC-SHA256", "PLAINTEXT"} {
		s := waltztest.New(t, waltztest.Config{Signature: method})
		good, bad := signing(s), signing(s)
		bad.Secret = "fake-secret-of-another"
		_, err := bad.RequestToken(t.Context(), callback)
		if got := code(t, err); got != "signature_invalid" {
			t.Errorf("%s: another's secret: %q", method, got)
		}
		tok := exchange(t, good)
		other := *tok
		other.Secret = "fake-token-secret-of-another"
		_, err = good.Identity(t.Context(), &other)
		if got := code(t, err); got != "signature_invalid" && got != "" {
			t.Errorf("%s: another token's secret: %q", method, got)
		}
		if _, err := good.Identity(t.Context(), tok); err != nil {
			t.Error(err)
		}
	}
}

// api sends a request that was signed, after change.
func signedCall(t *testing.T, c *client, tok *token.Token, change func(r *http.Request)) answer {
	t.Helper()
	r := c.form("/api/notes?a=1&a=0", url.Values{"b": {"2"}})
	if err := signing(c.Server).Sign(r, tok); err != nil {
		t.Fatal(err)
	}
	change(r)
	return c.send(r)
}

func TestASignedRequestIsTakenOnceAndAsItWasSigned(t *testing.T) {
	t.Parallel()
	c := newClient(t, waltztest.Config{})
	tok := exchange(t, signing(c.Server))
	var header string
	for _, tt := range []struct {
		name   string
		change func(r *http.Request)
		want   string
	}{
		{"as it is", func(r *http.Request) { header = r.Header.Get("Authorization") }, ""},
		{"again", func(r *http.Request) { r.Header.Set("Authorization", header) }, "nonce_used"},
		{"another query", func(r *http.Request) { r.URL.RawQuery = "a=1&a=2" }, "signature_invalid"},
		{"one parameter less", func(r *http.Request) { r.URL.RawQuery = "a=1" }, "signature_invalid"},
		{"another host", func(r *http.Request) { r.Host = "evil.example" }, "signature_invalid"},
		{"another method", func(r *http.Request) { r.Method = http.MethodGet; r.Body = nil; r.ContentLength = 0 }, "signature_invalid"},
		{"an old time", func(r *http.Request) {
			_, after, _ := strings.Cut(r.Header.Get("Authorization"), `oauth_timestamp="`)
			r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), after[:10], "1700000000", 1))
		}, "timestamp_refused"},
		{"as a bearer", func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+tok.AccessToken) }, "invalid_token"},
	} {
		a := signedCall(t, c, tok, tt.change)
		log := c.Log()
		if got := log[len(log)-1].Error; got != tt.want || (a.StatusCode == http.StatusCreated) != (tt.want == "") {
			t.Errorf("%s: %d %q, want %q", tt.name, a.StatusCode, got, tt.want)
		}
	}
}

func TestARequestTokenIsForOneLogin(t *testing.T) {
	t.Parallel()
	s := waltztest.New(t, waltztest.Config{})
	c := signing(s)
	request, q := verified(t, c, waltztest.Allow)
	g := provider.Grant{Code: q.Get("oauth_verifier"), RequestToken: request}
	if _, err := c.Exchange(t.Context(), g); err != nil {
		t.Fatal(err)
	}
	_, err := c.Exchange(t.Context(), g)
	if got := code(t, err); got != "token_rejected" {
		t.Errorf("twice: %q", got)
	}
	request, _ = verified(t, c, waltztest.Allow)
	_, err = c.Exchange(t.Context(), provider.Grant{Code: "another", RequestToken: request})
	if got := code(t, err); got != "verifier_invalid" {
		t.Errorf("another verifier: %q", got)
	}
	request, q = verified(t, c, waltztest.Allow)
	s.Behave(func(b *waltztest.Behaviour) { b.Skew = 2 * time.Minute })
	_, err = c.Exchange(t.Context(), provider.Grant{Code: q.Get("oauth_verifier"), RequestToken: request})
	if got := code(t, err); got != "token_expired" {
		t.Errorf("late: %q", got)
	}
	if _, q = verified(t, c, waltztest.Deny); q.Get("denied") == "" || q.Has("oauth_verifier") {
		t.Error("a person who says no is not understood")
	}
	s.Behave(func(b *waltztest.Behaviour) { b.Unconfirmed = true })
	if _, err := c.RequestToken(t.Context(), callback); err == nil {
		t.Error("a redirect URI that is not confirmed passes")
	}
}
