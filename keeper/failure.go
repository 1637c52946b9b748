package keeper

import (
	"errors"
	"strconv"
	"time"

	"github.com/waltz-oauth/waltz/token"
)

// What a keeper reports beside the sentinels of package token; match with [errors.Is].
var (
	// ErrReauthorize: the grant is dead, or has expired and has no refresh token. The person must
	// log in again.
	ErrReauthorize = errors.New("the person must log in again")

	// ErrRefreshInProgress: the caller stopped waiting for a refresh, which goes on without it, here
	// or in another process; or the storage was so slow, or the other process is so long about it,
	// that this one gave up. Nothing is wrong with the grant.
	ErrRefreshInProgress = errors.New("a refresh is in progress")

	// ErrRejected: the provider's API refused a token that Renew will not renew. The API's answer
	// is what the caller should see.
	ErrRejected = errors.New("the token was refused and is not renewed")

	// ErrRevoke: the token is deleted here, and perhaps still alive at the provider.
	ErrRevoke = errors.New("deleted here but perhaps not revoked at the provider")
)

var (
	errNoToken    = errors.New("no token given")
	errIncomplete = errors.New("stored record has no token")
	errUnanswered = errors.New("the refresh ended without a result")
	errEmpty      = errors.New("the answer has no access token")
)

// Failure says what a failed call means for the grant. A keeper returns one, found with
// [errors.As], when a token has expired and cannot be refreshed for now: RetryAfter then says when
// trying again may help, which a web application can pass on with its 503.
type Failure struct { //nolint:errname // a failure says more than an error
	Kind       Kind
	Code       string        // never prose: "invalid_grant"; "" where there is none
	RetryAfter time.Duration // 0: none named
	Err        error         // goes to callers and logs, so it holds no secret; may be nil
}

func (f *Failure) Error() string {
	s := "provider: " + f.Kind.String()
	if f.Code != "" {
		s += ": " + strconv.Quote(f.Code)
	}
	if f.Err != nil {
		s += ": " + f.Err.Error()
	}
	return s
}

// Unwrap returns Err.
func (f *Failure) Unwrap() error { return f.Err }

// reason is what a record remembers of a failure.
func (f *Failure) reason() string {
	if f.Code != "" {
		return f.Code
	}
	return f.Kind.String()
}

// Kind is what a failure means for the grant.
type Kind uint8

// The kinds of failure.
const (
	Doubtful      Kind = iota // sent and not answered: the refresh token may be spent
	Unsent                    // never sent: nothing was spent
	Limited                   // refused for now: nothing was spent
	Refused                   // the provider refuses this grant
	Misconfigured             // the registration is wrong, not the grant
)

func (k Kind) String() string {
	switch k {
	case Doubtful:
		return "doubtful"
	case Unsent:
		return "unsent"
	case Limited:
		return "limited"
	case Refused:
		return "refused"
	case Misconfigured:
		return "misconfigured"
	default:
		return "kind " + strconv.Itoa(int(k))
	}
}

// asFailure returns err as a Failure of its own, which the caller may change.
func asFailure(err error) *Failure {
	if f, ok := errors.AsType[*Failure](err); ok {
		c := *f
		return &c
	}
	return &Failure{Kind: Doubtful, Err: err}
}

// refreshError puts err into a [*token.Error] unless a storage has done so.
func refreshError(key token.Key, err error) error {
	if _, ok := errors.AsType[*token.Error](err); ok {
		return err
	}
	return &token.Error{Op: "refresh", Key: key, Err: err}
}
