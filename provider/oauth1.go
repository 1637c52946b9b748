package provider

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"

	"github.com/waltz-oauth/waltz/token"
)

// Signature is how requests of OAuth 1 are signed (RFC 5849 section 3.4).
type Signature uint8

// The ways of signing.
const (
	HMACSHA1   Signature = iota // section 3.4.2
	HMACSHA256                  // the same with SHA-256, which is younger than the RFC
	RSASHA1                     // section 3.4.3: the client's secret is a private key
	Plaintext                   // section 3.4.4: the secrets themselves are sent, and nothing is signed
)

func (s Signature) String() string {
	return name(s, "HMAC-SHA1", "HMAC-SHA256", "RSA-SHA1", "PLAINTEXT")
}

// MarshalText returns [Signature.String], which is what goes over the wire.
func (s Signature) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// OAuth1 reports whether the provider speaks OAuth 1.
func (p *Provider) OAuth1() bool { return p.RequestTokenURL != "" }

// validOAuth1 reports whether p, which speaks OAuth 1, has nothing that only OAuth 2 has.
func (p *Provider) validOAuth1() bool {
	return p.Issuer == "" && p.PushURL == "" && p.DeviceURL == "" && p.RefreshURL == "" && p.APICredentials == "" && p.TokenAt == "" && !p.TokenJSON &&
		len(p.TokenParams)+len(p.TokenNames)+len(p.RefreshParams) == 0 && p.PKCE == S256 && p.ClientAuth == Basic && !p.IssParameter &&
		p.EndSessionURL+p.LongLived.URL+p.Prolong.URL+p.CallbackMAC+p.TokenType == "" && !p.Userinfo.Kept && p.Userinfo.Credentials == "" &&
		(p.Revocation.URL == "" || p.Revocation.Bearer)
}

// RequestToken is what a login of OAuth 1 begins with: RFC 5849 calls it temporary credentials. The
// token travels through the browser, the secret does not.
type RequestToken struct {
	Token  string
	Secret string
}

// Format writes no field whatever the verb.
func (RequestToken) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "request token") }

// LogValue is what Format writes.
func (r RequestToken) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(r)) }

// RequestToken asks for the token that a login begins with, which comes back to redirectURI (RFC 5849
// section 2.1). A provider that does not confirm that it will send the person there is refused: it speaks
// the first edition of OAuth, in which whoever finishes a login need not be who began it.
func (c *Client) RequestToken(ctx context.Context, redirectURI string) (RequestToken, error) {
	r := request{
		op: "request token", method: http.MethodPost, url: c.Provider.RequestTokenURL, header: c.Provider.TokenHeaders,
		signer: new(token.Token), oauth: map[string]string{"oauth_callback": redirectURI},
	}
	t, a, err := c.credentials(ctx, r)
	if err != nil {
		return RequestToken{}, err
	}
	if t.ExtraString("oauth_callback_confirmed") != "true" {
		return RequestToken{}, c.doubt(r, a, errors.New("the provider did not confirm the redirect URI"))
	}
	return RequestToken{t.AccessToken, t.Secret}, nil
}

// exchange1 spends the verifier, once, for the token (RFC 5849 section 2.3).
func (c *Client) exchange1(ctx context.Context, g Grant) (*token.Token, error) {
	r := request{
		op: "exchange", method: http.MethodPost, url: c.Provider.TokenURL, header: c.Provider.TokenHeaders,
		signer:  &token.Token{AccessToken: g.RequestToken.Token, Secret: g.RequestToken.Secret},
		oauth:   map[string]string{"oauth_verifier": g.Code},
		secrets: []string{g.Code},
	}
	t, a, err := c.credentials(ctx, r)
	if err != nil {
		return nil, err
	}
	if err := c.Provider.CheckType(t); err != nil {
		return nil, c.doubt(r, a, err)
	}
	return t, nil
}

// callbackError1 is [Client.CallbackError] of OAuth 1. RFC 5849 says nothing of a person who says no:
// some providers send denied, some an oauth_problem, and some just no verifier.
func (c *Client) callbackError1(q url.Values) error {
	problem := codeOf(q.Get("oauth_problem"))
	e := &Error{Op: "authorize", Provider: c.Provider.Name, Kind: Refused, Code: "access_denied"}
	switch {
	case q.Has("denied"), problem == "user_refused", problem == "permission_denied":
	case problem != "":
		e.Kind, e.Code = Misconfigured, problem
	case len(q["oauth_verifier"]) > 1, q.Get("oauth_verifier") != "":
		return nil
	}
	return e
}
