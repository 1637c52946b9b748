package provider

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// AuthorizationRequest is what a login asks for (RFC 6749 section 4.1.1).
type AuthorizationRequest struct {
	RedirectURI string
	State       string // required
	Verifier    string // PKCE, 43 to 128 characters (RFC 7636 section 4.1); only its challenge is sent; required unless the provider has NoPKCE
	Nonce       string // OpenID Connect; sent where the provider has an issuer
	Scopes      []string
	Params      map[string]string // more parameters, which win over the provider's own; those above win over them
}

// AuthorizationURL is where the person's browser goes to log in. Its error is one of the
// program, not of the provider.
func (c *Client) AuthorizationURL(r AuthorizationRequest) (string, error) {
	u, err := endpoint(c.Provider.AuthorizationURL)
	switch {
	case err != nil:
	case r.State == "":
		err = errors.New("a login needs a state")
	case c.Provider.PKCE == S256 && (len(r.Verifier) < 43 || len(r.Verifier) > 128):
		err = errors.New("a login needs a verifier of 43 to 128 characters")
	}
	if err != nil {
		return "", fmt.Errorf("provider %q: authorization URL: %w", c.Provider.Name, err)
	}
	q := u.Query()
	for _, params := range []map[string]string{c.Provider.AuthorizationParams, r.Params, c.asked(r)} {
		for name, value := range params {
			q.Set(name, value)
		}
	}
	u.RawQuery = q.Encode()
	return u.String(), nil
}

func (c *Client) asked(r AuthorizationRequest) map[string]string {
	separator := c.Provider.ScopeSeparator
	if separator == "" {
		separator = " "
	}
	asked := map[string]string{"response_type": "code", "client_id": c.ID, "state": r.State}
	if r.RedirectURI != "" {
		asked["redirect_uri"] = r.RedirectURI
	}
	if len(r.Scopes) > 0 {
		asked["scope"] = strings.Join(r.Scopes, separator)
	}
	if c.Provider.PKCE == S256 {
		asked["code_challenge"] = challenge(r.Verifier)
		asked["code_challenge_method"] = "S256"
	}
	if c.Provider.Issuer != "" && r.Nonce != "" {
		asked["nonce"] = r.Nonce
	}
	return asked
}

// challenge is that of RFC 7636 section 4.2.
func challenge(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// form makes the members of form the body of r.
func (r *request) form(form map[string]string) {
	values := make(url.Values, len(form))
	for name, value := range form {
		values.Set(name, value)
	}
	r.contentType, r.body = "application/x-www-form-urlencoded", values.Encode()
}
