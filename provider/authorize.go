package provider

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// AuthorizationRequest is what a login asks for (RFC 6749 section 4.1.1).
type AuthorizationRequest struct {
	RedirectURI string
	State       string // required
	Verifier    string // PKCE, 43 to 128 characters (RFC 7636 section 4.1); only its challenge is sent; required unless the provider has NoPKCE
	Nonce       string // OpenID Connect; sent where the provider has an issuer
	Scopes      []string

	// RequestToken is that of the login (RFC 5849 section 2.2). OAuth 1 sends it in place of the four
	// above, which are then not required.
	RequestToken string

	Params map[string]string // more parameters, which win over the provider's own; those above win over them
}

// AuthorizationURL is where the person's browser goes to log in. Its error is one of the
// program, not of the provider.
func (c *Client) AuthorizationURL(r AuthorizationRequest) (string, error) {
	u, err := endpoint(c.Provider.AuthorizationURL)
	switch {
	case err != nil:
	case c.Provider.OAuth1():
		if r.RequestToken == "" {
			err = errors.New("a login of OAuth 1 needs a request token")
		}
	case r.State == "":
		err = errors.New("a login needs a state")
	case c.Provider.PKCE != NoPKCE && (len(r.Verifier) < 43 || len(r.Verifier) > 128):
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
	u.RawQuery = strings.ReplaceAll(q.Encode(), "+", "%20") // which all understand; some take a plus for one
	return u.String(), nil
}

// scopes are how the provider wants them asked for.
func (c *Client) scopes(all []string) string {
	return strings.Join(all, cmp.Or(c.Provider.ScopeSeparator, " "))
}

func (c *Client) asked(r AuthorizationRequest) map[string]string {
	asked := make(map[string]string)
	if len(r.Scopes) > 0 {
		asked["scope"] = c.scopes(r.Scopes)
	}
	if c.Provider.OAuth1() {
		asked["oauth_token"] = r.RequestToken
		return renamed(asked, c.Provider.AuthorizationNames)
	}
	asked["response_type"], asked["client_id"], asked["state"] = "code", c.ID, r.State
	if r.RedirectURI != "" {
		asked["redirect_uri"] = r.RedirectURI
	}
	switch c.Provider.PKCE {
	case S256:
		asked["code_challenge"] = challenge(r.Verifier)
		asked["code_challenge_method"] = "S256"
	case Plain:
		asked["code_challenge"] = r.Verifier
		asked["code_challenge_method"] = "plain"
	case NoPKCE:
	}
	if c.Provider.Issuer != "" && r.Nonce != "" {
		asked["nonce"] = r.Nonce
	}
	return renamed(asked, c.Provider.AuthorizationNames)
}

// renamed returns params under the names that the provider has for them, without those that it has not.
func renamed(params, names map[string]string) map[string]string {
	own := make(map[string]string, len(params))
	for name, value := range params {
		if called, ok := names[name]; ok {
			name = called
		}
		if name != "" {
			own[name] = value
		}
	}
	return own
}

// challenge is that of RFC 7636 section 4.2.
func challenge(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
