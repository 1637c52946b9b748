package provider

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"regexp"

	"github.com/waltz-oauth/waltz/token"
)

// credentials sends r and reads the token and secret that it is answered with (RFC 5849 sections 2.1
// and 2.3).
func (c *Client) credentials(ctx context.Context, r request) (*token.Token, *answer, error) {
	a, err := c.send(ctx, r)
	if err != nil {
		return nil, nil, err
	}
	members, err := objectOf(a.body, "oauth_token", "oauth_problem", "error")
	if code, prose := c.Provider.refusal1(a.header, members); code != "" || a.status/100 != 2 {
		e := c.refuse(r, a, code, prose)
		if kind, known := problemKind(code); known && e.Kind != Limited && a.status < http.StatusInternalServerError {
			e.Kind = kind
		}
		return nil, nil, e
	}
	if err != nil {
		return nil, nil, c.doubt(r, a, err)
	}
	t, err := read1(members)
	if err != nil {
		return nil, nil, c.doubt(r, a, err)
	}
	return t, a, nil
}

// read1 reads a token of OAuth 1. The secret may be empty, and is then sent.
func read1(members json.RawMessage) (*token.Token, error) {
	t := new(token.Token)
	if err := t.UnmarshalJSON(members); err != nil {
		return nil, err
	}
	if _, sent := t.Extra("oauth_token_secret"); !sent || t.AccessToken == "" || t.ExtraString("oauth_token") != t.AccessToken {
		return nil, errors.New("the answer has no token, or no secret of it")
	}
	return t, nil
}

// refusal1 reads the code and the prose of an error answer. RFC 5849 has none but the status; what
// providers send is OAuth's Problem Reporting extension, in the body or in WWW-Authenticate, or an error
// like OAuth 2's.
func (p *Provider) refusal1(h http.Header, members json.RawMessage) (code, prose string) {
	var said struct {
		Problem string `json:"oauth_problem"`
		Advice  string `json:"oauth_problem_advice"`
	}
	if members != nil && json.Unmarshal(members, &said) == nil && said.Problem != "" {
		return codeOf(said.Problem), said.Advice
	}
	if m := regexp.MustCompile(`\boauth_problem="?([A-Za-z_]{1,64})`).FindStringSubmatch(h.Get("WWW-Authenticate")); m != nil {
		return m[1], ""
	}
	return p.refusal(members)
}

// problemKind is what a code of the Problem Reporting extension means for a login.
func problemKind(code string) (Kind, bool) {
	switch code {
	case "token_used", "token_expired", "token_revoked", "token_rejected", "verifier_invalid", "permission_denied", "user_refused":
		return Refused, true
	case "consumer_key_unknown", "consumer_key_rejected", "consumer_key_refused", "signature_invalid", "signature_method_rejected",
		"timestamp_refused", "nonce_used", "version_rejected", "parameter_absent", "parameter_rejected":
		return Misconfigured, true
	default:
		return Doubtful, false
	}
}
