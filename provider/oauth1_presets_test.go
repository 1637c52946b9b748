package provider_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/waltz-oauth/waltz/internal/facts"
	"github.com/waltz-oauth/waltz/provider"
	"github.com/waltz-oauth/waltz/waltztest"
)

// dancesOAuth1 has p log in, say whose account it is, and use the API.
func dancesOAuth1(t *testing.T, p provider.Provider, known facts.Provider) {
	t.Helper()
	d := newDancer(t, p, known)
	c := d.client
	asked, err := c.RequestToken(t.Context(), d.back.URL)
	if err != nil {
		t.Fatal(err, d.partner.Complaints())
	}
	address, err := c.AuthorizationURL(provider.AuthorizationRequest{RequestToken: asked.Token, Scopes: p.Scopes})
	if err != nil {
		t.Fatal(err)
	}
	resp, err := d.partner.Browser().Login(t.Context(), address, "", waltztest.Allow)
	if err != nil {
		t.Fatal(err, d.partner.Complaints())
	}
	_ = resp.Body.Close()
	tok, err := c.Exchange(t.Context(), provider.Grant{Code: d.answered.Get("oauth_verifier"), RequestToken: asked})
	if err != nil {
		t.Fatal(err, d.partner.Complaints())
	}
	if tok.Secret == "" || d.answered.Get("oauth_token") != asked.Token || tok.ExtraString("unheard_of") != "kept" || tok.RefreshToken != "" || !tok.Expiry.IsZero() {
		t.Error("the token is another")
	}
	if p.Userinfo.URL != "" || p.Userinfo.FromToken {
		d.identity(t, tok)
	}
	form := strings.NewReader(url.Values{"c": {"3"}}.Encode())
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.APIBase+"things?b=1&a=2&a=1", form)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if err := c.Sign(r, tok); err != nil {
		t.Fatal(err)
	}
	if resp, err = c.HTTP.Do(r); err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if all := d.partner.Complaints(); resp.StatusCode != http.StatusOK || len(all) > 0 {
		t.Errorf("the API answers %s; %v", resp.Status, all)
	}
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
