// Package provider says what an OAuth provider is, and makes the calls of RFC 6749 to it, or of OAuth 1
// (RFC 5849).
//
// A [Provider] is data: addresses, how a client authenticates, what is peculiar. Presets are
// functions that return one, such as [GitHub]; [Discover] makes one from an OpenID Connect issuer.
// A [Client] is a provider and the credentials of one registration there: it makes the calls.
package provider

import (
	"strconv"
	"time"
)

// Provider is what there is to know of one provider. It is data, copied freely and never changed by
// this package; a preset is a function that returns one, and a provider of your own is a value.
// The zero value of a field is what RFC 6749 or OpenID Connect says, so most stay empty. One that has a
// RequestTokenURL speaks OAuth 1, where PKCE and the fields of refreshes and ID tokens have no meaning.
// [Provider.Validate] says what is wrong with one.
type Provider struct {
	Name        string // lower case letters, digits and dashes: the consumer's name unless it is given another, and the prefix of its variables
	DisplayName string // for people: "GitHub"

	AuthorizationURL    string            // RFC 6749 section 3.1; a query in it is kept
	AuthorizationParams map[string]string // sent with every login, such as what asks for a refresh token
	AuthorizationNames  map[string]string // what the standard's parameters of a login are called instead; "" leaves one out
	Scopes              []string          // asked for where a registration names none: the least that Identity needs
	ScopeSeparator      string            // between the scopes that are asked for; "": a space
	PKCE                PKCE              // RFC 7636
	PushURL             string            // where what a login asks for is sent beforehand (RFC 9126 section 2); "": it is in the login's address
	DeviceURL           string            // where a login on another device begins (RFC 8628 section 3.1); "": there is none

	RequestTokenURL string    // OAuth 1: where a login begins (RFC 5849 section 2.1); a query in it is kept; "": the provider speaks OAuth 2
	Signature       Signature // OAuth 1: how requests are signed

	TokenURL         string            // RFC 6749 section 3.2; in OAuth 1, RFC 5849 section 2.3
	TokenHeaders     map[string]string // of every request to TokenURL, RefreshURL and RequestTokenURL
	TokenParams      map[string]string // sent with every code
	TokenNames       map[string]string // what the standard's members of requests to TokenURL and RefreshURL are called instead; "" leaves one out
	TokenJSON        bool              // these requests are JSON objects, not forms
	TokenAt          string            // where in an answer the token is that the login was for: a JSON pointer (RFC 6901); "": at the top
	ClientAuth       ClientAuth        // how a client with a secret authenticates; never found out by trial, which can spend a code
	ErrorAt          string            // where in an answer an error's code stands: a JSON pointer; "": /error
	DeadGrant        string            // the code of a grant that is dead, where that is not invalid_grant alone
	GrantedSeparator string            // between the scopes of an answer; "": spaces
	RefreshURL       string            // where refreshes go; "": TokenURL
	RefreshParams    map[string]string // sent with every refresh; {redirect_uri} stands for that of the Client
	RefreshIdle      time.Duration     // how long a grant lives whose refresh token is not used; 0: no matter, or not known
	Lifetime         time.Duration     // of an access token whose answer names none; 0: it is not known
	TokenType        string            // what answers call a token that is a Bearer token all the same; "": only what RFC 6749 section 7.1 has

	// LongLived spends the token of a login at once for one that lives longer, and Prolong spends an
	// access token in the place of a refresh token, which it is then kept as too.
	LongLived AccessGrant
	Prolong   AccessGrant

	APIBase    string            // relative requests are relative to it; ends with a slash; {token.NAME} stands for that member of the token; "": there is no one API
	APIHosts   []string          // hosts that may see the token, besides that of APIBase: "host" or "host:port", lower case; "*.host" is any below it
	APIHeaders map[string]string // of every API request that does not set them itself; {client_id} stands for that of the Client

	// APICredentials is the header of API requests that carries the token, up to the token: "X-Token: ",
	// "Authorization: OAuth ". "": "Authorization: Bearer " (RFC 6750 section 2.1).
	APICredentials string

	Userinfo   Userinfo   // whose account it is
	Revocation Revocation // RFC 7009 or like it

	Issuer        string   // OpenID Connect issuer; "": no ID tokens are looked at
	JWKSURL       string   // the issuer's keys; "": discovery says, when the first ID token comes
	SigningAlgs   []string // that ID tokens may be signed with; empty: discovery says, where it is asked for JWKSURL, and else RS256
	EndSessionURL string   // where a person logs out there (OpenID Connect RP-Initiated Logout 1.0 section 2); "": discovery says, where there is an issuer
	IssParameter  bool     // the callback always names the issuer (RFC 9207 section 3)

	SecretClaims SecretClaims // of a client secret that is made for each request: ClientAuth is SecretJWT
	CallbackKept []string     // parameters of a callback that are kept in the token by their names, where APIBase may name them; nothing vouches for them
	CallbackMAC  string       // the parameter of a callback that is the HMAC-SHA256 of the others under the client secret; "": they are not signed
}

// AccessGrant is a request whose grant is an access token. Its zero value says that there is none.
type AccessGrant struct {
	URL    string            // "": there is none
	Method string            // "": POST; with GET the members are in the address, where the provider wants them there
	Param  string            // the member that holds the access token; "": access_token
	Params map[string]string // the other members; {client_id} and {client_secret} stand for those of the Client
}

// SecretClaims are what a client secret says that is a JWT, signed ES256 with the client's key.
type SecretClaims struct {
	Issuer   string // iss; the client's id is sub
	Audience string // aud
	KeyID    string // kid
}

// PKCE is what a login sends of its verifier (RFC 7636).
type PKCE uint8

// The ways of PKCE.
const (
	S256   PKCE = iota // its SHA-256 (section 4.2); a provider that knows nothing of it ignores that (section 5)
	NoPKCE             // nothing: the provider refuses a login with it
	Plain              // the verifier itself, where the provider knows nothing better (section 7.2): who sees the login's address can spend its code
)

func (p PKCE) String() string { return name(p, "S256", "none", "plain") }

// MarshalText returns [PKCE.String].
func (p PKCE) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// ClientAuth is how a client that has a secret authenticates (RFC 6749 section 2.3.1). One without
// sends its id in the body (section 3.2.1).
type ClientAuth uint8

// The ways of client authentication.
const (
	Basic          ClientAuth = iota // id and secret in the Authorization header
	Body                             // client_id and client_secret in the body
	SecretAsUser                     // in the Authorization header the secret stands in the place of the id, and nothing in its own
	SecretAsBearer                   // the secret is sent as RFC 6750 section 2.1 sends a token
	SecretJWT                        // as Body, with a JWT of SecretClaims; the secret of the Client is the private key that signs it, PEM (PKCS #8, P-256)
	SecretHash                       // as Body, with the member hash: SHA-256 of the secret, a bar and what is spent, in hexadecimal
)

func (c ClientAuth) String() string {
	return name(c, "client_secret_basic", "client_secret_post", "secret as user", "secret as bearer", "client_secret_post of a signed secret", "hash of the secret")
}

// MarshalText returns [ClientAuth.String], in the words of RFC 7591 section 2 where that has any.
func (c ClientAuth) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

func name[T PKCE | ClientAuth | Signature](v T, names ...string) string {
	if int(v) < len(names) {
		return names[v]
	}
	return strconv.Itoa(int(v))
}

// Userinfo says where the account's description is, and where in it each part stands: JSON pointers
// (RFC 6901), which if empty are the standard claims (OpenID Connect Core section 5.1).
type Userinfo struct {
	URL       string // answers with JSON; {token.NAME} as in APIBase; "": the ID token alone describes the account
	Method    string // "": GET, and POST where there is a Body
	Body      string // what is sent there, JSON; a GraphQL query, say
	FromToken bool   // the token's own answer describes the account, and there is no URL
	Kept      bool   // URL is asked at each login, and what it says kept in the token's member userinfo, for APIBase

	Credentials string // as Provider.APICredentials, for URL; "": those
	EmailsURL   string // lists the account's addresses as {email, primary, verified}: the primary wins over Email; "": none

	ID            string // "": /sub; text or a number: stable and unique at the provider
	Name          string // "": /name
	Email         string // "": /email
	EmailVerified string // "": /email_verified; whether the provider vouches for Email
	Picture       string // "": /picture
}

// Revocation says how a token is revoked. Its zero value says that it cannot be.
type Revocation struct {
	URL        string            // {client_id} stands for that of the Client; "": no way to revoke
	Method     string            // "": POST
	Param      string            // the member that holds the token; "": token (RFC 7009 section 2.1), and none where it is a Bearer
	Params     map[string]string // further members; {client_id} as above
	JSON       bool              // the body is a JSON object, not a form
	Anonymous  bool              // the client does not authenticate
	Bearer     bool              // the access token does, as in API requests: AccessOnly, and the host is one that may see it
	AccessOnly bool              // it knows access tokens only
}
