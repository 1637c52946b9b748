package waltz

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
)

// begin1 makes f a login of OAuth 1, which begins with a request token. That is what its state is: random,
// used once, and the provider sends it back. A state of our own would have to stand in the redirect URI.
func (c *Consumer) begin1(ctx context.Context, f *flow) error {
	t, err := c.client.RequestToken(ctx, f.Redirect)
	if err != nil {
		return err
	}
	const most = 600 // both travel in a cookie, of which browsers keep 4096 bytes (RFC 6265 section 6.1)
	if len(t.Token)+len(t.Secret) > most {
		return errors.New("waltz: the request token is too long for a cookie")
	}
	f.State, f.Secret, f.Verifier, f.Nonce = t.Token, t.Secret, "", ""
	return nil
}

// state is what in the provider's answer says which login it belongs to. In OAuth 1 some providers name
// the request token as denied where the person said no.
func (c *Consumer) state(q url.Values) string {
	switch {
	case !c.reg.Provider.OAuth1():
		return once(q, "state")
	case q.Has("oauth_token"):
		return once(q, "oauth_token")
	default:
		return once(q, "denied")
	}
}

// code is what in the provider's answer is to be exchanged for a token.
func (c *Consumer) code(q url.Values) string {
	if c.reg.Provider.OAuth1() {
		return once(q, "oauth_verifier")
	}
	return once(q, "code")
}

// hide1 returns err without secrets, in each form that a signed request has them in: they are encoded (RFC
// 5849 section 3.6), and in a PLAINTEXT signature twice.
func hide1(err error, secrets ...string) error {
	slices.SortFunc(secrets, func(a, b string) int { return len(b) - len(a) }) // one may be part of another
	for _, secret := range secrets {
		for range 3 {
			err = hide(err, secret)
			secret = strings.ReplaceAll(url.QueryEscape(secret), "+", "%20")
		}
	}
	return err
}
