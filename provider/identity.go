package provider

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/waltz-oauth/waltz/token"
)

// Identity is an account at a provider.
type Identity struct {
	Subject       string // stable and unique at the provider: what to key accounts on
	Name          string
	Email         string
	EmailVerified bool // whether the provider vouches for Email
	Picture       string
	Raw           []byte // the whole answer, JSON
}

// Identity says whose account t is for. What the provider leaves out is empty, but never Subject. It
// asks the provider where that has an address to ask at, and refuses an answer about another account
// than that of the ID token (OpenID Connect Core section 5.3.2); else it reads the ID token that
// came with t. With neither, its error matches [errors.ErrUnsupported].
func (c *Client) Identity(ctx context.Context, t *token.Token) (Identity, error) {
	u := c.Provider.Userinfo
	r := c.api("identity", u.URL, t.AccessToken)
	var claims json.RawMessage
	if idToken := t.ExtraString("id_token"); idToken != "" && c.Provider.Issuer != "" {
		var err error
		if claims, err = payload(idToken); err != nil {
			return Identity{}, c.fail(r, Doubtful, err)
		}
	}
	raw := claims
	switch {
	case u.URL != "":
		var err error
		if raw, err = c.get(ctx, r); err != nil {
			return Identity{}, err
		}
	case claims == nil:
		return Identity{}, c.fail(r, Unsent, fmt.Errorf("identity: %w", errors.ErrUnsupported))
	}
	i, err := u.identity(raw)
	if err == nil && claims != nil && cmp.Or(u.ID, "/sub") == "/sub" {
		var of Identity
		if of, err = (Userinfo{}).identity(claims); err == nil && of.Subject != i.Subject {
			err = errors.New("the answer is about another account than the ID token")
		}
	}
	if err != nil {
		return Identity{}, c.fail(r, Doubtful, err)
	}
	if u.EmailsURL != "" {
		return c.primary(ctx, i, t)
	}
	return i, nil
}

// identity reads the account that raw describes.
func (u Userinfo) identity(raw json.RawMessage) (Identity, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var doc any
	if err := d.Decode(&doc); err != nil {
		return Identity{}, errors.New("the answer is not JSON")
	}
	i := Identity{
		Subject: textAt(doc, cmp.Or(u.ID, "/sub")),
		Name:    textAt(doc, cmp.Or(u.Name, "/name")),
		Email:   textAt(doc, cmp.Or(u.Email, "/email")),
		Picture: textAt(doc, cmp.Or(u.Picture, "/picture")),
		Raw:     raw,
	}
	verified := at(doc, cmp.Or(u.EmailVerified, "/email_verified"))
	i.EmailVerified = i.Email != "" && (verified == true || verified == "true") // some send text
	if i.Subject == "" {
		return Identity{}, errors.New("the answer names no account")
	}
	return i, nil
}

// primary completes i with the primary address of the account. Where the token may not read them,
// i stays as it is.
func (c *Client) primary(ctx context.Context, i Identity, t *token.Token) (Identity, error) {
	r := c.api("identity", c.Provider.Userinfo.EmailsURL, t.AccessToken)
	raw, err := c.get(ctx, r)
	if failed, ok := errors.AsType[*Error](err); ok && (failed.Kind == Refused || failed.Status == http.StatusNotFound) {
		return i, nil
	}
	if err != nil {
		return Identity{}, err
	}
	var all []struct {
		Email             string
		Primary, Verified bool
	}
	if json.Unmarshal(raw, &all) != nil {
		return Identity{}, c.fail(r, Doubtful, errors.New("the answer is no list of addresses"))
	}
	for _, a := range all {
		if a.Primary {
			i.Email, i.EmailVerified = a.Email, a.Verified
		}
	}
	return i, nil
}

// get returns the body of the answer to r.
func (c *Client) get(ctx context.Context, r request) (json.RawMessage, error) {
	a, err := c.send(ctx, r)
	if err != nil {
		return nil, err
	}
	if a.status/100 == 2 {
		return a.body, nil
	}
	code, prose := refusal(a.body)
	e := c.refuse(r, a, code, prose)
	if a.status == http.StatusUnauthorized || a.status == http.StatusForbidden {
		e.Kind = Refused
	}
	return nil, e
}
