package provider_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/waltz-oauth/waltz/provider"
)

func login() provider.AuthorizationRequest {
	return provider.AuthorizationRequest{
		RedirectURI: "https://app.example/back?x=1", State: "fake-state",
		Verifier: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", // RFC 7636 appendix B
		Nonce:    fakeNonce, Scopes: []string{"read", "write"},
		Params: map[string]string{"prompt": "login", "state": "theirs", "hint": "a&b"},
	}
}

func TestAuthorizationURL(t *testing.T) {
	t.Parallel()
	c := &provider.Client{ID: "fake-id", Secret: fakeSecret, Provider: provider.Provider{
		Name: "fake", AuthorizationURL: "https://provider.example/authorize?tenant=7&prompt=none",
		AuthorizationParams: map[string]string{"prompt": "consent", "access_type": "offline"},
	}}
	want := url.Values{
		"tenant": {"7"}, "access_type": {"offline"}, "hint": {"a&b"}, "prompt": {"login"},
		"response_type": {"code"}, "client_id": {"fake-id"}, "redirect_uri": {"https://app.example/back?x=1"},
		"state": {"fake-state"}, "scope": {"read write"},
		"code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}, "code_challenge_method": {"S256"},
	}
	check := func(what string) {
		t.Helper()
		got, err := c.AuthorizationURL(login())
		if err != nil || got != "https://provider.example/authorize?"+strings.ReplaceAll(want.Encode(), "+", "%20") {
			t.Errorf("%s: got %s, %v", what, got, err)
		}
		if strings.Contains(got, login().Verifier) || strings.Contains(got, fakeSecret) {
			t.Errorf("%s: a secret stands in %s", what, got)
		}
	}
	check("plain")
	c.Provider.Issuer, want["nonce"] = "https://provider.example", []string{fakeNonce}
	check("with an issuer")
	c.Provider.ScopeSeparator, want["scope"] = ",", []string{"read,write"}
	check("commas")
	c.Provider.PKCE = provider.NoPKCE
	want.Del("code_challenge")
	want.Del("code_challenge_method")
	check("without PKCE")
}

func TestNoLoginWithoutItsProtections(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*provider.Client, *provider.AuthorizationRequest){
		"state":    func(_ *provider.Client, r *provider.AuthorizationRequest) { r.State = "" },
		"verifier": func(_ *provider.Client, r *provider.AuthorizationRequest) { r.Verifier = "short" },
		"https": func(c *provider.Client, _ *provider.AuthorizationRequest) {
			c.Provider.AuthorizationURL = "http://provider.example/"
		},
	} {
		c, r := &provider.Client{Provider: provider.GitHub(), ID: "fake-id"}, login()
		change(c, &r)
		if got, err := c.AuthorizationURL(r); err == nil {
			t.Errorf("without %s: %s", name, got)
		}
	}
}

func TestCallbackError(t *testing.T) {
	t.Parallel()
	c := &provider.Client{Provider: provider.GitHub(), ID: "fake-id", Secret: fakeSecret}
	if err := c.CallbackError(url.Values{"code": {fakeCode}, "state": {"fake-state"}}); err != nil {
		t.Errorf("a code is an error: %v", err)
	}
	for code, kind := range map[string]provider.Kind{
		"access_denied":           provider.Refused,
		"server_error":            provider.Doubtful,
		"temporarily_unavailable": provider.Doubtful,
		"invalid_scope":           provider.Misconfigured,
		"":                        provider.Misconfigured,
		"evil\nlevel=INFO":        provider.Misconfigured,
	} {
		e := failed(t, c.CallbackError(url.Values{
			"error": {code}, "error_description": {"no\n" + fakeSecret + " " + fakeCode}, "code": {fakeCode}, "state": {"fake-state"},
		}))
		if e.Kind != kind || e.Op != "authorize" || e.Description != "no … …" {
			t.Errorf("%q: got %v, %q", code, e, e.Description)
		}
	}
}
