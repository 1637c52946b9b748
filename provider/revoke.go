package provider

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/waltz-oauth/waltz/token"
)

// Revoke ends the grant at the provider: the refresh token, then, whatever came of that, the access
// token (RFC 7009). It returns the first failure, and one matching [errors.ErrUnsupported] where the
// provider has no way to revoke. After a failure the grant may still live (section 2.2.1).
func (c *Client) Revoke(ctx context.Context, t *token.Token) error {
	if c.Provider.Revocation.URL == "" {
		return c.fail(request{op: "revoke"}, Unsent, fmt.Errorf("revocation: %w", errors.ErrUnsupported))
	}
	var first error
	var ended bool // the refresh token
	if t.RefreshToken != "" && !c.Provider.Revocation.AccessOnly && !c.Provider.Revocation.Bearer {
		first = c.revoke(ctx, t, t.RefreshToken, "refresh_token")
		ended = first == nil
	}
	if t.AccessToken != "" {
		err := c.revoke(ctx, t, t.AccessToken, "access_token")
		if failed, ok := errors.AsType[*Error](err); ok && failed.Code == "unsupported_token_type" && ended {
			err = nil // it ended with the refresh token, or will by itself (section 2.2.1)
		}
		if first == nil {
			first = err
		}
	}
	return first
}

func (c *Client) revoke(ctx context.Context, t *token.Token, value, hint string) error {
	how := c.Provider.Revocation
	r := request{op: "revoke", method: how.Method, secrets: []string{t.RefreshToken, t.AccessToken}}
	r.url = strings.ReplaceAll(how.URL, "{client_id}", url.PathEscape(c.ID))
	if r.method == "" {
		r.method = http.MethodPost
	}
	form := make(map[string]string)
	for name, value := range how.Params {
		form[name] = strings.ReplaceAll(value, "{client_id}", c.ID)
	}
	param := how.Param
	if param == "" && !how.Bearer {
		param = "token"
		form["token_type_hint"] = hint // section 2.1
	}
	if param != "" {
		form[param] = value
	}
	switch {
	case how.Bearer && c.Provider.OAuth1():
		r.signer = t
	case how.Bearer:
		r.header = make(map[string]string)
		c.Provider.authorize(c.ID, value, func(name, value string) { r.header[name] = value })
	case !how.Anonymous:
		if err := c.authenticate(&r, form); err != nil {
			return c.fail(r, Misconfigured, err)
		}
	}
	if len(form) > 0 {
		r.members(form, how.JSON)
	}
	a, err := c.send(ctx, r)
	if err != nil {
		return err
	}
	members, _ := object(a.body)
	code, prose := c.Provider.refusal(members)
	switch {
	case a.status/100 == 2 && code == "":
		return nil
	case code == "invalid_token": // gone already, which section 2.2 asks to answer with 200
		return nil
	case how.Method == http.MethodDelete && a.status == http.StatusNotFound: // the same
		return nil
	}
	return c.refuse(r, a, code, prose)
}
