package provider_test

import (
	"crypto/rand"
	"crypto/rsa"
	"net/http"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz/provider"
)

func TestEveryPresetDances(t *testing.T) {
	t.Parallel()
	const bits = 2048
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	known := allFacts(t)
	for _, p := range provider.Presets() {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			if known[p.Name].Protocol == "oauth1" {
				dancesOAuth1(t, preset(t, p), known[p.Name], key)
				return
			}
			s := newStage(t, known[p.Name], key)
			c := &provider.Client{
				Provider: preset(t, p), ID: stageID, Secret: stageSecret, RedirectURI: stageBack,
				HTTP: &http.Client{Transport: s, Timeout: time.Minute},
			}
			if s.f.TokenRequest.ClientAuth == "none" {
				c.Secret = ""
			}
			s.dance(t, c)
		})
	}
}

// dance logs in, refreshes, asks whose account it is, and revokes.
func (s *stage) dance(t *testing.T, c *provider.Client) {
	t.Helper()
	address, err := c.AuthorizationURL(provider.AuthorizationRequest{
		RedirectURI: stageBack, State: "fake-state", Verifier: fakeVerifier, Nonce: fakeNonce, Scopes: c.Provider.Scopes,
	})
	if err != nil {
		t.Fatal(err)
	}
	if why := s.authorize(address); why != "" {
		t.Fatalf("login: %s", why)
	}
	tok, err := c.Exchange(t.Context(), provider.Grant{
		Code: "fake-code", RedirectURI: stageBack, Verifier: fakeVerifier, Nonce: fakeNonce, Scopes: c.Provider.Scopes,
	})
	if err != nil {
		t.Fatal(err)
	}
	if tok.AccessToken != s.access || tok.RefreshToken != s.refresh || tok.Expiry.IsZero() {
		t.Fatal("the token is another")
	}
	if _, kept := tok.Extra("unheard_of"); !kept {
		t.Error("a member of the answer is lost")
	}
	next, err := c.Refresh(t.Context(), tok)
	if err != nil {
		t.Fatal(err)
	}
	if tok, err = tok.Merge(next); err != nil || tok.AccessToken != s.access || tok.RefreshToken != s.refresh || s.refreshes != 1 {
		t.Fatalf("the refreshed token is another, %v", err)
	}
	if u := c.Provider.Userinfo; u.URL != "" || u.FromToken {
		if who, err := c.Identity(t.Context(), tok); err != nil || who.Subject != stageAccount {
			t.Errorf("the account is %q, %v", who.Subject, err)
		}
	}
	if c.Provider.Revocation.URL != "" {
		if err := c.Revoke(t.Context(), tok); err != nil || !s.revoked {
			t.Errorf("revoked is %t, %v", s.revoked, err)
		}
	}
}
