package provider_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz/internal/facts"
	"github.com/waltz-oauth/waltz/provider"
	"github.com/waltz-oauth/waltz/token"
	"github.com/waltz-oauth/waltz/waltztest"
)

// TestEveryPresetDances has each preset log in, refresh, say whose account it is and revoke, at a
// provider that behaves as is known of that one, and see the end of a grant. That provider is
// driven by the facts, not by the preset.
func TestEveryPresetDances(t *testing.T) {
	t.Parallel()
	known := allFacts(t)
	for _, p := range provider.Presets() {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			if known[p.Name].Protocol == "oauth1" {
				dancesOAuth1(t, preset(t, p), known[p.Name])
				return
			}
			newDancer(t, preset(t, p), known[p.Name]).dance(t)
		})
	}
}

// dancer is a preset, whom it dances with, and what is known of that one.
type dancer struct {
	client   *provider.Client
	partner  *waltztest.Impersonation
	known    facts.Provider
	back     *httptest.Server
	answered url.Values // at back
}

func newDancer(t *testing.T, p provider.Provider, known facts.Provider) *dancer {
	t.Helper()
	d := &dancer{partner: waltztest.Impersonate(t, p), known: known}
	d.back = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		d.answered = r.Form
	}))
	t.Cleanup(d.back.Close)
	d.partner.RedirectURI = d.back.URL
	hc := d.partner.HTTPClient()
	hc.Timeout = time.Minute
	d.client = &provider.Client{Provider: p, ID: d.partner.ClientID, Secret: d.partner.ClientSecret, RedirectURI: d.back.URL, HTTP: hc}
	return d
}

// login goes through the consent page, and returns the token.
func (d *dancer) login(t *testing.T) (*token.Token, error) {
	t.Helper()
	scopes := d.client.Provider.Scopes
	address, err := d.client.AuthorizationURL(provider.AuthorizationRequest{
		RedirectURI: d.back.URL, State: "fake-state", Verifier: fakeVerifier, Nonce: fakeNonce, Scopes: scopes,
	})
	if err != nil {
		t.Fatal(err)
	}
	resp, err := d.partner.Browser().Login(t.Context(), address, "", waltztest.Allow)
	if err != nil {
		t.Fatal(err, d.partner.Complaints())
	}
	_ = resp.Body.Close()
	if d.answered.Get("state") != "fake-state" {
		t.Fatal("the state is lost")
	}
	if err := d.client.CallbackError(d.answered); err != nil {
		t.Fatal(err)
	}
	return d.client.Exchange(t.Context(), provider.Grant{
		Code: d.answered.Get("code"), RedirectURI: d.back.URL, Verifier: fakeVerifier, Nonce: fakeNonce, Scopes: scopes,
		Callback: d.answered,
	})
}

func (d *dancer) dance(t *testing.T) {
	t.Helper()
	defer func() {
		for _, c := range d.partner.Complaints() {
			t.Error(c)
		}
	}()
	tok, err := d.login(t)
	if err != nil {
		t.Fatal(err)
	}
	if named := d.known.TokenResponse.Expiry == "" || d.client.Provider.Lifetime > 0; tok.Expiry.IsZero() == named || tok.RefreshToken == "" {
		t.Fatal("the token is another")
	}
	if l := d.known.AccessToken.Lifetime; d.client.Provider.Lifetime != 0 && d.client.Provider.Lifetime != time.Duration(l)*time.Second {
		t.Errorf("tokens live for %s, known is %ds", d.client.Provider.Lifetime, l)
	}
	if _, kept := tok.Extra("unheard_of"); !kept {
		t.Error("a member of the answer is lost")
	}
	for name, value := range d.known.Callback.Kept {
		if tok.ExtraString(name) != value {
			t.Errorf("the callback's %s is lost", name)
		}
	}
	next, err := d.client.Refresh(t.Context(), tok)
	if err != nil {
		t.Fatal(err)
	}
	if tok, err = tok.Merge(next); err != nil || d.partner.Refreshes() != 1 {
		t.Fatalf("%d refreshes, %v", d.partner.Refreshes(), err)
	}
	d.identity(t, tok)
	d.api(t, tok)
	if d.client.Provider.Revocation.URL != "" {
		if err := d.client.Revoke(t.Context(), tok); err != nil || !d.partner.Revoked() {
			t.Errorf("revoked is %t, %v", d.partner.Revoked(), err)
		}
	}
	d.partner.End()
	if _, err := d.client.Refresh(t.Context(), tok); failed(t, err).Kind != provider.Refused {
		t.Errorf("a grant that has ended: %v", err)
	}
}

// identity looks at each part of the account that the facts say where to find.
func (d *dancer) identity(t *testing.T, tok *token.Token) {
	t.Helper()
	u, f, person := d.client.Provider.Userinfo, d.known.Userinfo, d.partner.Person
	if u.URL == "" && !u.FromToken && d.client.Provider.Issuer == "" {
		return
	}
	who, err := d.client.Identity(t.Context(), tok)
	if err != nil || f == nil || who.Subject != person.Subject {
		t.Fatalf("the account is %q, %v", who.Subject, err)
	}
	if f.Name != "" && f.Name != f.ID && f.Source != "id_token" && who.Name != person.Name {
		t.Errorf("the name is %q: it stands at %s", who.Name, f.Name)
	}
	if f.Email != "" && f.Email != f.ID && who.Email != person.Email {
		t.Errorf("the address is %q: it stands at %s", who.Email, f.Email)
	}
	standard := d.known.Protocol == "oidc" && f.ID == "/sub"
	if vouched := standard || f.EmailLookup != nil && u.EmailsURL != ""; who.EmailVerified != (vouched && who.Email != "") {
		t.Errorf("whether the address is verified: %t", who.EmailVerified)
	}
	if standard && f.Source == "endpoint" && who.Picture == "" {
		t.Error("the picture is lost")
	}
	if len(who.Raw) == 0 || strings.Contains(string(who.Raw), tok.AccessToken) {
		t.Error("the whole answer is not there, or has the token in it")
	}
}

// api asks the API something, relative to where it is.
func (d *dancer) api(t *testing.T, tok *token.Token) {
	t.Helper()
	if d.client.Provider.APIBase == "" {
		return
	}
	base, err := d.client.Provider.Base(tok)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), http.MethodGet, base+"whatever/there/is", nil)
	if err != nil {
		t.Fatal(err)
	}
	if !d.client.Provider.MaySee(r.URL) {
		t.Fatalf("%s may not see the token", r.URL.Host)
	}
	d.client.Provider.Authorize(r.Header, d.client.ID, tok.AccessToken)
	resp, err := d.client.HTTP.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("the API at %s answers %s", base, resp.Status)
	}
}
