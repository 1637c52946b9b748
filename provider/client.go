package provider

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/waltz-oauth/waltz/token"
)

// Client is a provider and one registration there. Its methods are safe for concurrent use; it is
// not copied once one was called. Their errors are [*Error], save where they say so.
type Client struct {
	Provider Provider
	ID       string
	Secret   string // "": a public client; the private key in PEM where requests are signed by RSASHA1

	// RedirectURI is where logins come back to. Only a provider whose RefreshParams repeat it needs it.
	RedirectURI string

	// HTTP gives its Transport, which must not send a request twice, and its Timeout, which is for a
	// whole call; 0: ten seconds. Redirects are never followed, whatever it says. nil: the defaults.
	HTTP *http.Client

	key privateKey // made of Secret when the first request is signed by it

	mu       sync.Mutex
	verifier *oidc.IDTokenVerifier // made when the first ID token comes; it caches the issuer's keys
}

// Format writes the provider's name whatever the verb, so that no verb shows the secret.
func (c *Client) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "client(%s)", c.Provider.Name) // fmt drops the error too
}

// LogValue returns the provider's name.
func (c *Client) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(c)) }

// Grant is what came back to the redirect URI, and what the login had kept for it.
type Grant struct {
	Code        string // OAuth 1: oauth_verifier
	RedirectURI string
	Verifier    string
	Nonce       string
	Scopes      []string // as asked: they are what was granted where the answer names none (RFC 6749 section 5.1)

	Callback     url.Values   // all that came back; only a provider whose CallbackKept names some of it needs it
	RequestToken RequestToken // OAuth 1 only
}

// Exchange spends the code, once, and returns the token (RFC 6749 section 4.1.3). Its Expiry is that
// of the answer's expires_in, counted from before the request. Where the provider has an
// issuer, the answer's ID token is verified first; Code is "unverified_id_token" where it cannot be,
// or where there is none though the scope openid was asked for (OpenID Connect Core section 3.1.3.3).
// In OAuth 1 it is the verifier that is spent (RFC 5849 section 2.3), and the token has no Expiry.
func (c *Client) Exchange(ctx context.Context, g Grant) (*token.Token, error) {
	if c.Provider.OAuth1() {
		return c.exchange1(ctx, g)
	}
	form := map[string]string{"grant_type": "authorization_code", "code": g.Code}
	if g.RedirectURI != "" {
		form["redirect_uri"] = g.RedirectURI
	}
	if c.Provider.PKCE != NoPKCE && g.Verifier != "" {
		form["code_verifier"] = g.Verifier
	}
	r := request{op: "exchange", url: c.Provider.TokenURL, secrets: []string{g.Code, g.Verifier, g.Nonce}}
	t, err := c.granted(ctx, r, form, c.Provider.TokenParams, g)
	if err != nil {
		return nil, err
	}
	for _, name := range c.Provider.CallbackKept {
		if _, said := t.Extra(name); said || len(g.Callback[name]) != 1 {
			continue
		}
		if t, err = t.With(name, g.Callback.Get(name)); err != nil {
			return nil, c.fail(r, Doubtful, err)
		}
	}
	return t, nil
}

// granted sends the request that a login comes down to, with the provider's own members more, and
// returns its token.
func (c *Client) granted(ctx context.Context, r request, form, more map[string]string, g Grant) (*token.Token, error) {
	t, err := c.spend(ctx, r, form, more)
	if err != nil {
		return nil, err
	}
	return c.finished(ctx, r, t, g)
}

// finished makes of a login's answer the token that is kept.
func (c *Client) finished(ctx context.Context, r request, t *token.Token, g Grant) (*token.Token, error) {
	t, err := c.longLived(ctx, t)
	if err != nil {
		return nil, err
	}
	if t.TokenType == "" {
		t.TokenType = "Bearer"
	}
	if said, named := t.Extra("scope"); !named || string(said) == "null" {
		t.Scopes = slices.Clone(g.Scopes)
	}
	raw := t.ExtraString("id_token")
	if c.Provider.Issuer != "" && (raw != "" || slices.Contains(g.Scopes, "openid")) {
		if err := c.verify(ctx, raw, t.AccessToken, g.Nonce); err != nil {
			r.secrets = append(r.secrets, t.AccessToken, t.RefreshToken, raw)
			e := c.fail(r, Doubtful, err)
			e.Code = "unverified_id_token"
			return nil, e
		}
	}
	return c.learn(ctx, t)
}

// Refresh spends the refresh token of t, once, and returns the answer alone (RFC 6749 section 6):
// the caller merges it with t. What is wrong with the rest of an answer that holds a token is no
// error, since t's refresh token may be spent and its successor would be lost: Scopes leave out what
// t had not, and an ID token that does not match that of t (OpenID Connect Core section 12.2) is null.
func (c *Client) Refresh(ctx context.Context, t *token.Token) (*token.Token, error) {
	r := request{op: "refresh", url: c.Provider.RefreshURL, secrets: []string{t.RefreshToken, t.AccessToken}}
	if r.url == "" {
		r.url = c.Provider.TokenURL
	}
	if c.Provider.OAuth1() {
		return nil, c.fail(r, Misconfigured, fmt.Errorf("OAuth 1 knows no refresh: %w", errors.ErrUnsupported))
	}
	if t.RefreshToken == "" {
		return nil, c.fail(r, Refused, errors.New("the token has no refresh token"))
	}
	next, err := c.next(ctx, r, t)
	if err != nil {
		return nil, err
	}
	if len(t.Scopes) > 0 {
		had := make(map[string]bool, len(t.Scopes)) // a set, since an answer may name half a million scopes
		for _, s := range t.Scopes {
			had[s] = true
		}
		next.Scopes = slices.DeleteFunc(slices.Clone(next.Scopes), func(s string) bool { return !had[s] })
	}
	if raw := next.ExtraString("id_token"); raw != "" && c.Provider.Issuer != "" && !c.succeeds(raw, t.ExtraString("id_token")) {
		if next, err = next.With("id_token", nil); err != nil {
			return nil, c.fail(r, Doubtful, err)
		}
	}
	return next, nil
}

// next spends the refresh token of t, or what stands in for it.
func (c *Client) next(ctx context.Context, r request, t *token.Token) (*token.Token, error) {
	if c.Provider.Prolong.URL != "" {
		return c.prolonged(c.spendAccess(ctx, "refresh", c.Provider.Prolong, t.RefreshToken))
	}
	more := make(map[string]string)
	for name, value := range c.Provider.RefreshParams {
		if value = strings.ReplaceAll(value, "{redirect_uri}", c.RedirectURI); value != "" {
			more[name] = value
		}
	}
	return c.spend(ctx, r, map[string]string{"grant_type": "refresh_token", "refresh_token": t.RefreshToken}, more)
}

// spend sends the one request that spends a grant, with the provider's own members more, and reads the
// token from its answer.
func (c *Client) spend(ctx context.Context, r request, form, more map[string]string) (*token.Token, error) {
	r.method = http.MethodPost
	r.header = c.Provider.TokenHeaders
	if err := c.authenticate(&r, form); err != nil {
		return nil, c.fail(r, Misconfigured, err)
	}
	form = renamed(form, c.Provider.TokenNames)
	maps.Copy(form, more)
	r.members(form, c.Provider.TokenJSON)
	return c.granting(ctx, r)
}

// granting sends r, whose answer holds a token.
func (c *Client) granting(ctx context.Context, r request) (*token.Token, error) {
	began := time.Now()
	a, err := c.send(ctx, r)
	if err != nil {
		return nil, err
	}
	members, errSyntax := object(a.body)
	if code, prose := c.Provider.refusal(members); code != "" || a.status/100 != 2 {
		return nil, c.refuse(r, a, code, prose)
	}
	if errSyntax != nil {
		return nil, c.doubt(r, a, errSyntax)
	}
	t, err := c.Provider.read(members, began)
	if err != nil {
		return nil, c.doubt(r, a, err)
	}
	return t, nil
}
