package provider

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"

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
// came with t, or what else did (Userinfo.FromToken). With none of these, its error matches
// [errors.ErrUnsupported].
func (c *Client) Identity(ctx context.Context, t *token.Token) (Identity, error) {
	u := c.Provider.Userinfo
	r, err := c.asking("identity", t)
	if err != nil {
		return Identity{}, err
	}
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
	case u.FromToken:
		raw = described(t)
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

// asking is the request that asks about the account of t. It fails if the token names a host that
// may not see it.
func (c *Client) asking(op string, t *token.Token) (request, error) {
	u := c.Provider.Userinfo
	r := c.api(op, filled(u.URL, t), u.Credentials, t)
	if u.Body != "" {
		r.method, r.contentType, r.body = http.MethodPost, "application/json", u.Body
	}
	r.method = cmp.Or(u.Method, r.method)
	if to, err := url.Parse(r.url); member.MatchString(u.URL) && (err != nil || !c.Provider.MaySee(to)) {
		return r, c.fail(r, Misconfigured, errors.New("the token names a host for Userinfo.URL that may not see it"))
	}
	return r, nil
}

// described is what the answer that t came in says beside t: without what may be a secret.
func described(t *token.Token) json.RawMessage {
	var members map[string]json.RawMessage
	if all, err := t.MarshalJSON(); err == nil {
		_ = json.Unmarshal(all, &members) // of a token it is an object
	}
	maps.DeleteFunc(members, func(name string, _ json.RawMessage) bool { return strings.Contains(name, "token") })
	raw, _ := json.Marshal(members) // what was JSON is
	return raw
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
	r := c.api("identity", c.Provider.Userinfo.EmailsURL, "", t)
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
	code, prose := c.Provider.refusal(a.body)
	e := c.refuse(r, a, code, prose)
	if a.status == http.StatusUnauthorized || a.status == http.StatusForbidden {
		e.Kind = Refused
	}
	return nil, e
}
