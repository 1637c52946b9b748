package provider_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/waltz-oauth/waltz/provider"
)

func TestAnIDTokenOfThisLoginPasses(t *testing.T) {
	t.Parallel()
	i, c := newIssuer(t)
	good := i.claims
	for name, claims := range map[string]map[string]any{
		"plain":         good,
		"two audiences": with(with(good, "aud", []string{"other", "fake-id"}), "azp", "fake-id"),
		"no at_hash":    with(good, "at_hash", nil),
	} {
		i.claims = claims
		tok, err := c.Exchange(t.Context(), grant())
		if err != nil || tok.ExtraString("id_token") == "" {
			t.Errorf("%s: %v, %v", name, tok, err)
		}
	}
}

func TestAnIDTokenOfAnythingElseIsRefused(t *testing.T) {
	t.Parallel()
	i, c := newIssuer(t)
	good, sign := i.claims, i.sign
	refused := func(name string) {
		t.Helper()
		tok, err := c.Exchange(t.Context(), grant())
		if err == nil {
			t.Errorf("%s: accepted, %v", name, tok)
			return
		}
		e := failed(t, err)
		if e.Code != "unverified_id_token" || e.Kind != provider.Doubtful {
			t.Errorf("%s: got %v", name, err)
		}
		if strings.Contains(err.Error(), "fake-access") || strings.Contains(err.Error(), "fake-next") {
			t.Errorf("%s: a token stands in %v", name, err)
		}
	}
	for name, claims := range map[string]map[string]any{
		"issuer":              with(good, "iss", "https://evil.example"),
		"issuer with a slash": with(good, "iss", i.url+"/"),
		"issuer of Google":    with(good, "iss", "accounts.google.com"),
		"issuer that repeats": with(good, "iss", fakeSecret+" fake-access fake-next"),
		"audience":            with(good, "aud", "other"),
		"no audience":         with(good, "aud", nil),
		"azp missing":         with(good, "aud", []string{"other", "fake-id"}),
		"azp of another":      with(good, "azp", "other"),
		"azp no text":         with(good, "azp", 7),
		"nonce":               with(good, "nonce", "of another login"),
		"no nonce":            with(good, "nonce", nil),
		"expired":             with(good, "exp", time.Now().Add(-time.Minute).Unix()),
		"never expires":       with(good, "exp", nil),
		"from tomorrow":       with(good, "nbf", time.Now().Add(24*time.Hour).Unix()),
		"no subject":          with(good, "sub", nil),
		"at_hash":             with(good, "at_hash", "AAAAAAAAAAAAAAAAAAAAAA"),
	} {
		i.claims = claims
		refused(name)
	}
	i.claims = good
	for name, forge := range i.forgeries(t) {
		i.sign = forge
		refused(name)
	}
	i.sign = sign
	i.metadata["jwks_uri"] = i.url + "/token"
	c.Provider.JWKSURL = i.url + "/nowhere"
	c = &provider.Client{Provider: c.Provider, ID: c.ID, Secret: c.Secret}
	refused("no keys")
	if n := i.requests("/token"); n == 0 {
		t.Error("nothing was tried")
	}
}

func TestGooglesIssuerMayLackItsScheme(t *testing.T) {
	t.Parallel()
	i, c := newIssuer(t)
	c.Provider.Issuer = "https://accounts.google.com"
	for _, iss := range []string{"accounts.google.com", "https://accounts.google.com"} {
		i.claims = with(i.claims, "iss", iss)
		tok, err := c.Exchange(t.Context(), grant())
		if err != nil {
			t.Fatalf("%s: %v", iss, err)
		}
		i.claims = with(i.claims, "iss", "https://accounts.google.com")
		if next, err := c.Refresh(t.Context(), tok); err != nil || next.ExtraString("id_token") == "" {
			t.Errorf("%s: the refreshed ID token is gone, %v", iss, err)
		}
	}
}

func TestKeysAreFetchedOnce(t *testing.T) {
	t.Parallel()
	i, c := newIssuer(t)
	c.Provider.JWKSURL = "" // discovery says
	if _, err := c.Exchange(t.Context(), grant()); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if _, err := c.Exchange(t.Context(), grant()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if i.requests("/keys") != 1 || i.requests("/.well-known/openid-configuration") != 2 {
		t.Errorf("keys asked for %d times, metadata %d", i.requests("/keys"), i.requests("/.well-known/openid-configuration"))
	}
}

func TestDiscoveryDoesNotWidenTheSigningAlgs(t *testing.T) {
	t.Parallel()
	i, c := newIssuer(t)
	i.metadata["id_token_signing_alg_values_supported"] = []string{"RS256", "ES256"}
	c.Provider.JWKSURL = ""
	c.Provider.SigningAlgs = []string{"ES256"} // and the ID token has RS256
	_, err := c.Exchange(t.Context(), grant())
	if err == nil {
		t.Fatal("accepted what SigningAlgs leaves out")
	}
	if e := failed(t, err); e.Code != "unverified_id_token" {
		t.Errorf("got %v", err)
	}
}

// OpenID Connect Core section 12.2; whatever stands there, the new refresh token is not lost.
func TestARefreshKeepsItsTokenAndDropsAWrongIDToken(t *testing.T) {
	t.Parallel()
	i, c := newIssuer(t)
	first, err := c.Exchange(t.Context(), grant())
	if err != nil {
		t.Fatal(err)
	}
	fetched := i.requests("/keys")
	good, sign := with(i.claims, "nonce", nil), i.sign
	refresh := func(name string, kept bool) {
		t.Helper()
		next, err := c.Refresh(t.Context(), first)
		if err != nil || next.RefreshToken != "fake-next" {
			t.Errorf("%s: lost the token: %v", name, err)
			return
		}
		if (next.ExtraString("id_token") != "") != kept {
			t.Errorf("%s: ID token kept: %t", name, !kept)
		}
		merged, err := first.Merge(next)
		if err != nil || merged.RefreshToken != "fake-next" || merged.ExtraString("id_token") == "" {
			t.Errorf("%s: merged into %v, %v", name, merged, err)
		}
		if !kept && merged.ExtraString("id_token") != first.ExtraString("id_token") {
			t.Errorf("%s: a wrong ID token took the place of the right one", name)
		}
	}
	for name, claims := range map[string]map[string]any{
		"issuer":   with(good, "iss", "https://evil.example"),
		"account":  with(good, "sub", "1002"),
		"audience": with(good, "aud", "other"),
	} {
		i.claims = claims
		refresh(name, false)
	}
	i.claims = good
	forgeries := i.forgeries(t)
	for _, name := range []string{"none", "HS256, public key", "HS256, client secret", "nothing"} {
		i.sign = forgeries[name]
		refresh(name, false)
	}
	i.sign = sign
	refresh("the same account", true)
	i.claims = with(good, "aud", []string{"fake-id"})
	refresh("the same account, audience in a list", true)
	i.claims = with(good, "aud", []string{"fake-id", "more"})
	refresh("a wider audience", true)
	next, err := c.Refresh(t.Context(), first)
	if err != nil {
		t.Fatal(err)
	}
	if first, err = first.Merge(next); err != nil {
		t.Fatal(err)
	}
	i.claims = good
	refresh("an audience without one of before", false)
	if i.requests("/keys") != fetched {
		t.Error("a refresh asked for keys before its token was stored")
	}
}

func TestWithoutAnIssuerNoIDTokenIsLookedAt(t *testing.T) {
	t.Parallel()
	c, _ := serve(t, says(200, `{"access_token":"a","id_token":"whatever"}`))
	tok, err := c.Exchange(t.Context(), grant())
	if err != nil || tok.ExtraString("id_token") != "whatever" {
		t.Errorf("got %v, %v", tok, err)
	}
}

func TestKeysAreReadWithALimit(t *testing.T) {
	t.Parallel()
	i, c := newIssuer(t)
	keys := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{
			"keys": []jose.JSONWebKey{{Key: i.key.Public(), KeyID: "key-1", Algorithm: "RS256", Use: "sig"}},
			"more": strings.Repeat("a", 1<<20),
		})
	}))
	t.Cleanup(keys.Close)
	c.Provider.JWKSURL = keys.URL
	_, err := c.Exchange(t.Context(), grant())
	if e := failed(t, err); e.Code != "unverified_id_token" || len(err.Error()) > 400 {
		t.Errorf("got %v", err)
	}
	if i.requests("/keys") != 0 {
		t.Error("asked for keys elsewhere")
	}
}
