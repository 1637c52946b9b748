package provider

import (
	"context"
	"net/http"
	"time"

	"github.com/waltz-oauth/waltz/token"
)

// Client is a provider and one registration there. Its methods are safe for concurrent use.
type Client struct {
	Provider Provider
	ID       string
	Secret   string // "": a public client

	// RedirectURI is where logins come back to. Only a provider whose RefreshParams repeat it needs it.
	RedirectURI string

	// HTTP gives its Transport, which must not send a request twice, and its Timeout, which is for a
	// whole call; 0: ten seconds. Redirects are never followed, whatever it says. nil: the defaults.
	HTTP *http.Client
}

// AuthorizationRequest is what a login asks for (RFC 6749 section 4.1.1).
type AuthorizationRequest struct {
	RedirectURI string
	State       string
	Verifier    string // PKCE (RFC 7636); only its challenge is sent
	Nonce       string // OpenID Connect; sent where the provider has an issuer
	Scopes      []string
	Params      map[string]string // more parameters, which win over the provider's own
}

// AuthorizationURL is where the person's browser goes to log in.
func (c *Client) AuthorizationURL(r AuthorizationRequest) (string, error) { panic("stub") }

// Grant is what came back to the redirect URI, and what the login had kept for it.
type Grant struct {
	Code        string
	RedirectURI string
	Verifier    string
	Nonce       string
	Scopes      []string // as asked: they are what was granted where the answer names none (RFC 6749 section 5.1)
}

// Exchange spends the code, once, and returns the token (RFC 6749 section 4.1.3). Its Expiry is
// computed from the answer's expires_in. Where the provider has an issuer and the answer an ID
// token, that is verified first.
func (c *Client) Exchange(ctx context.Context, g Grant) (*token.Token, error) { panic("stub") }

// Refresh spends the refresh token of t, once, and returns the answer alone (RFC 6749 section 6):
// the caller merges it with t.
func (c *Client) Refresh(ctx context.Context, t *token.Token) (*token.Token, error) { panic("stub") }

// Revoke ends the grant at the provider: the refresh token, then the access token (RFC 7009). It
// returns an error matching [errors.ErrUnsupported] where the provider has no way to do that.
func (c *Client) Revoke(ctx context.Context, t *token.Token) error { panic("stub") }

// Identity says whose account t is for.
func (c *Client) Identity(ctx context.Context, t *token.Token) (Identity, error) { panic("stub") }

// Identity is an account at a provider.
type Identity struct {
	Subject       string // stable and unique at the provider: what to key accounts on
	Name          string
	Email         string
	EmailVerified bool // whether the provider vouches for Email
	Picture       string
	Raw           []byte // the whole answer, JSON
}

// Kind says what a failed call means for the grant.
type Kind uint8

const (
	Doubtful      Kind = iota // sent and not answered, or answered with 5xx or nonsense: what was spent may be spent
	Unsent                    // never sent (address, connection, TLS): nothing was spent
	Limited                   // refused for now (429), see RetryAfter: nothing was spent
	Refused                   // the provider refuses this grant or code: invalid_grant
	Misconfigured             // the registration is wrong: invalid_client, redirect URI, scope
)

// Error is a failed call. It has no secret in it: what the provider said is cut, and cleaned of
// control characters.
type Error struct {
	Op          string // "exchange", "refresh", "revoke", "identity", "discover"
	Provider    string // its name
	Kind        Kind
	Code        string        // RFC 6749 section 5.2: "invalid_grant"; "" where none came
	Description string        // the provider's prose, at most 200 characters, for people; never for a log line as it is
	Status      int           // of the HTTP answer; 0: none came
	RetryAfter  time.Duration // from the answer's Retry-After; 0: none named
	Err         error
}

func (e *Error) Error() string { panic("stub") }
func (e *Error) Unwrap() error { return e.Err }
