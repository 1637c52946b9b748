// Package keeper keeps stored tokens fresh. The refresh protocol lives here and nowhere else.
package keeper

import (
	"context"
	"log/slog"
	"time"

	"github.com/waltz-oauth/waltz/token"
)

// Refresher makes the two calls to a provider that a keeper needs. Failures are [*Failure]; any other
// error counts as Doubtful.
type Refresher interface {
	// Refresh spends t's refresh token once and returns the provider's answer alone.
	Refresh(ctx context.Context, key token.Key, t *token.Token) (*token.Token, error)
	// Revoke ends t's grant at the provider; errors.ErrUnsupported where that cannot be done.
	Revoke(ctx context.Context, key token.Key, t *token.Token) error
}

// Failure says what a failed call means for the grant.
type Failure struct {
	Kind       Kind
	Code       string        // never prose: "invalid_grant"
	RetryAfter time.Duration // 0: none named
	Err        error
}

func (f *Failure) Error() string { panic("stub") }
func (f *Failure) Unwrap() error { return f.Err }

// Kind is what a failure means for the grant.
type Kind uint8

const (
	Doubtful      Kind = iota // sent and not answered: the refresh token may be spent
	Unsent                    // never sent: nothing was spent
	Limited                   // refused for now: nothing was spent
	Refused                   // the provider refuses this grant
	Misconfigured             // the registration is wrong, not the grant
)

// Config is what a Keeper works with. The zero value of a field means its default.
type Config struct {
	Storage   token.Storage // required
	Refresher Refresher     // required
	Site      bool          // allow keys without a user; implied by a storage that reaches one Request
	Margin    time.Duration // a token must be good for this long to be handed out; default 30 s? decide
	Logger    *slog.Logger  // default slog.Default()

	Refreshed   func(ctx context.Context, key token.Key, r token.Record) // after a commit
	Reauthorize func(ctx context.Context, key token.Key, r token.Record) // after a grant was found dead
}

// Keeper keeps stored tokens fresh.
type Keeper struct{}

func New(c Config) (*Keeper, error) { panic("stub") }

// Fresh returns the record at key, with a token that is good for Margin more.
func (k *Keeper) Fresh(ctx context.Context, key token.Key) (token.Record, error) { panic("stub") }

// Renew is called when an API refused the token rejected with a 401.
func (k *Keeper) Renew(ctx context.Context, key token.Key, rejected *token.Token) (token.Record, error) {
	panic("stub")
}

// Put stores t as a new grant.
func (k *Keeper) Put(ctx context.Context, key token.Key, t *token.Token, subject string) (token.Record, error) {
	panic("stub")
}

// Drop revokes the grant at key and deletes it.
func (k *Keeper) Drop(ctx context.Context, key token.Key) error { panic("stub") }

// Peek returns the record as it is stored, without its freshness being looked at.
func (k *Keeper) Peek(ctx context.Context, key token.Key) (token.Record, error) { panic("stub") }

// Shutdown waits until the refreshes under way are committed, or ctx is done.
func (k *Keeper) Shutdown(ctx context.Context) error { panic("stub") }
