package waltz

import (
	"errors"

	"github.com/waltz-oauth/waltz/keeper"
	"github.com/waltz-oauth/waltz/provider"
	"github.com/waltz-oauth/waltz/token"
)

// What goes wrong while a token is used; match with [errors.Is]. What a provider answered can be
// had as a *[provider.Error] with [errors.As], and the operation and key as a *[token.Error].
var (
	ErrNoToken           = token.ErrNotFound           // the user has not logged in at the provider
	ErrNoUser            = token.ErrNoUser             // nobody is signed in
	ErrReauthorize       = keeper.ErrReauthorize       // the provider ended the grant: the person must log in again
	ErrRefreshInProgress = keeper.ErrRefreshInProgress // another process is refreshing and was not done in time
	ErrTooLate           = token.ErrTooLate            // the response has begun: its cookie cannot be set any more
	ErrTooLarge          = token.ErrTooLarge           // the storage cannot hold the token
	ErrRevoke            = keeper.ErrRevoke            // deleted here, but perhaps still alive at the provider
	ErrHost              = errors.New("the token must not be sent to this host")
	ErrTokenType         = provider.ErrTokenType // the token is of a type that the provider has no use for
	ErrAccount           = errors.New("the user has connected several accounts: WithAccount chooses one")
)

var errNoToken = errors.New("no token is given")

// What goes wrong while a person logs in.
var (
	ErrDenied       = errors.New("the person did not consent")
	ErrState        = errors.New("the login was not started in this browser, or is over")
	ErrStateExpired = errors.New("the login took too long")
	ErrNoCode       = errors.New("the provider sent no code") // in OAuth 1, no verifier
	ErrIssuer       = errors.New("the answer is not from the provider that was asked")
	ErrUserChanged  = errors.New("another user was signed in when the login began")
	ErrBaseURL      = errors.New(`Config.BaseURL, such as "https://app.example", is not set, and the request's host is no loopback address`)
	ErrRefused      = errors.New("the application refused the token") // for an Authorized hook to return
)
