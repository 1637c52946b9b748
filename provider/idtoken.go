package provider

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// maxSignature is how long the signature of an ID token may be, and with it the RSA key that it is
// checked with, whose size it has (RFC 8017 section 8.2.2). With a key of a megabyte that takes many
// minutes, which no deadline ends.
const maxSignature = (8192/8*8 + 5) / 6

// verify checks the ID token of a login (OpenID Connect Core section 3.1.3.7): signature, issuer,
// audience, expiry, and that it is for this client, this login and this access token.
func (c *Client) verify(ctx context.Context, raw, accessToken, nonce string) error {
	if raw == "" {
		return errors.New("the answer has no ID token, though openid was asked for")
	}
	if len(raw[strings.LastIndexByte(raw, '.')+1:]) > maxSignature {
		return errors.New("the ID token's signature is larger than that of an RSA key of 8192 bits")
	}
	v, err := c.idTokens(ctx)
	if err != nil {
		return err
	}
	t, err := v.Verify(ctx, raw)
	if err != nil {
		return err
	}
	var claims struct {
		Party string `json:"azp"`
	}
	if err := t.Claims(&claims); err != nil {
		return errors.New("the ID token has an azp that is no text")
	}
	switch {
	case t.Subject == "":
		return errors.New("the ID token names no account")
	case t.Nonce != nonce:
		return errors.New("the ID token is of another login: its nonce differs")
	case claims.Party != "" && claims.Party != c.ID, claims.Party == "" && len(t.Audience) > 1:
		return errors.New("the ID token is for another client: its azp differs")
	case t.AccessTokenHash != "":
		return t.VerifyAccessToken(accessToken) // section 3.1.3.8
	}
	return nil
}

// succeeds reports whether a refresh may put raw in the place of the ID token old (section 12.2): same
// issuer and account, and an audience that has that of old in it. It asks nobody for keys, since until the answer is stored a spent
// refresh token hangs on it: that raw came from the token endpoint over TLS vouches for it, as
// section 3.1.3.7 allows.
func (c *Client) succeeds(raw, old string) bool {
	next, err := c.claims(raw)
	if err != nil || !next.Audience.Contains(c.ID) || next.Issuer != issuer(c.Provider.Issuer) {
		return false
	}
	if old == "" {
		return true
	}
	was, err := c.claims(old)
	return err == nil && !slices.ContainsFunc(was.Audience, func(who string) bool { return !next.Audience.Contains(who) }) &&
		next.Subject == was.Subject && next.Issuer == was.Issuer
}

func (c *Client) claims(raw string) (claims jwt.Claims, err error) {
	b, err := payload(raw)
	if err == nil {
		err = json.Unmarshal(b, &claims)
	}
	claims.Issuer = issuer(claims.Issuer)
	return claims, err
}

// issuer is an iss claim as it ought to be: Google's may lack its scheme.
func issuer(claimed string) string {
	if claimed == "accounts.google.com" {
		return "https://" + claimed
	}
	return claimed
}

// payload returns the claims of an ID token without looking at its signature, which there must be.
func payload(raw string) (json.RawMessage, error) {
	algs := make([]jose.SignatureAlgorithm, 0, 10)
	for _, alg := range asymmetric() {
		algs = append(algs, jose.SignatureAlgorithm(alg))
	}
	signed, err := jose.ParseSignedCompact(raw, algs)
	if err != nil {
		return nil, errors.New("the ID token is malformed or not signed with a public key's algorithm")
	}
	return signed.UnsafePayloadWithoutVerification(), nil
}

// idTokens returns what verifies the issuer's ID tokens. It is made once, and asks for the issuer's
// keys when it meets one that it does not know.
func (c *Client) idTokens(ctx context.Context) (*oidc.IDTokenVerifier, error) {
	c.mu.Lock()
	v := c.verifier
	c.mu.Unlock()
	if v != nil {
		return v, nil
	}
	p := c.Provider
	if p.JWKSURL == "" {
		m, err := c.metadata(ctx, p.Issuer)
		if err != nil {
			return nil, err
		}
		p.JWKSURL = m.JWKSURL
		if len(p.SigningAlgs) == 0 { // what the provider's own field says is not widened
			p.SigningAlgs = m.algs()
		}
	}
	if _, err := endpoint(p.JWKSURL); err != nil {
		return nil, errors.New("the issuer's key address: " + err.Error())
	}
	h := c.http()
	h.Transport = limited{h.Transport}
	keys := oidc.NewRemoteKeySet(oidc.ClientContext(context.Background(), h), p.JWKSURL) //nolint:contextcheck // it outlives the call, whose values it must not keep
	v = oidc.NewVerifier(p.Issuer, keys, &oidc.Config{ClientID: c.ID, SupportedSigningAlgs: p.SigningAlgs})
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.verifier == nil {
		c.verifier = v
	}
	return c.verifier, nil
}

// maxKeys is how large an issuer's keys may be. Some have thirty; a token that names none of them is
// checked with each.
const maxKeys = 256 << 10

// limited ends an issuer's keys at that size.
type limited struct{ next http.RoundTripper }

func (l limited) RoundTrip(r *http.Request) (*http.Response, error) {
	next := l.next
	if next == nil {
		next = http.DefaultTransport
	}
	resp, err := next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	resp.Body = struct {
		io.Reader
		io.Closer
	}{io.LimitReader(resp.Body, maxKeys), resp.Body}
	return resp, nil
}

// algs are those of the issuer's algorithms that may sign an ID token; none: RS256 (OpenID Connect
// Discovery section 3).
func (m metadata) algs() []string {
	return slices.DeleteFunc(slices.Clone(m.SigningAlgs), func(alg string) bool { return !slices.Contains(asymmetric(), alg) })
}

// asymmetric lists the algorithms an ID token may be signed with: those with a public key. With
// "none" there is no signature, and one that a shared secret makes is not the issuer's alone.
func asymmetric() []string {
	return strings.Fields("RS256 RS384 RS512 ES256 ES384 ES512 PS256 PS384 PS512 EdDSA")
}
