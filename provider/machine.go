package provider

import (
	"context"
	"errors"
	"slices"

	"github.com/waltz-oauth/waltz/token"
)

// ClientCredentials returns a token of the client's own, for an account that is a program's and no
// person's (RFC 6749 section 4.4). It spends nothing: it may be called as often as there is need. A
// refresh token is not expected (section 4.4.3); another call stands for it.
func (c *Client) ClientCredentials(ctx context.Context, scopes []string) (*token.Token, error) {
	r := request{op: "client credentials", url: c.Provider.TokenURL}
	if c.Provider.OAuth1() {
		return nil, c.fail(r, Misconfigured, errors.ErrUnsupported)
	}
	if c.Secret == "" {
		return nil, c.fail(r, Misconfigured, errors.New("a public client has no credentials"))
	}
	form := map[string]string{"grant_type": "client_credentials"}
	if len(scopes) > 0 {
		form["scope"] = c.scopes(scopes)
	}
	t, err := c.spend(ctx, r, form, nil)
	if err != nil {
		return nil, err
	}
	if t.TokenType == "" {
		t.TokenType = "Bearer"
	}
	if said, named := t.Extra("scope"); !named || string(said) == "null" {
		t.Scopes = slices.Clone(scopes)
	}
	return t, nil
}
