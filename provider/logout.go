package provider

import (
	"context"
	"errors"
	"fmt"

	"github.com/waltz-oauth/waltz/token"
)

// Logout is what a person's browser takes along to the provider to log out there (OpenID Connect
// RP-Initiated Logout 1.0 section 2).
type Logout struct {
	Token *token.Token // whose ID token says which session ends; nil, or without one: the provider asks the person
	Back  string       // where the provider sends the person then, as it is registered there; "": nowhere
	State string       // comes back with the person; "": none. It needs Back
}

// LogoutURL is where the browser goes. Where the provider's EndSessionURL is empty its issuer's metadata
// says, which is asked each time. The error matches [errors.ErrUnsupported] where nobody can log
// out there.
func (c *Client) LogoutURL(ctx context.Context, l Logout) (string, error) {
	r := request{op: "logout"}
	address := c.Provider.EndSessionURL
	if address == "" && c.Provider.Issuer != "" {
		m, err := c.metadata(ctx, c.Provider.Issuer)
		if err != nil {
			return "", err
		}
		address = m.EndSessionURL
	}
	if address == "" {
		return "", c.fail(r, Misconfigured, fmt.Errorf("logging out: %w", errors.ErrUnsupported))
	}
	u, err := endpoint(address)
	if err == nil && l.State != "" && l.Back == "" {
		err = errors.New("a state comes back with the person only")
	}
	if err != nil {
		return "", c.fail(r, Misconfigured, err)
	}
	q := u.Query()
	q.Set("client_id", c.ID)
	if l.Token != nil {
		if hint := l.Token.ExtraString("id_token"); hint != "" {
			q.Set("id_token_hint", hint)
		}
	}
	if l.Back != "" {
		q.Set("post_logout_redirect_uri", l.Back)
	}
	if l.State != "" {
		q.Set("state", l.State)
	}
	u.RawQuery = q.Encode()
	return u.String(), nil
}
