package waltz

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/oauth2"

	"github.com/waltz-oauth/waltz/provider"
	"github.com/waltz-oauth/waltz/token"
)

// Token returns ctx's user's token, good for 30 seconds more: refreshed, and stored, where
// it was not. It fails with ErrNoToken, ErrNoUser, ErrReauthorize, ErrRefreshInProgress where the
// refresh, of another process perhaps, was not done in 15 seconds and goes on, or, where the provider
// could not be had, with a [*keeper.Failure].
func (c *Consumer) Token(ctx context.Context) (*token.Token, error) {
	return stored{c}.token(ctx)
}

// TokenSource returns a source of ctx's user's tokens for libraries that take one of
// golang.org/x/oauth2. Each Token that it returns is as fresh as [Consumer.Token] would give. Those of
// OAuth 1 are none: it fails with ErrTokenType.
func (c *Consumer) TokenSource(ctx context.Context) oauth2.TokenSource {
	return tokenSource{ctx, c}
}

type tokenSource struct {
	ctx context.Context //nolint:containedctx // oauth2.TokenSource has no parameter for it
	c   *Consumer
}

func (s tokenSource) Token() (*oauth2.Token, error) {
	if s.c.reg.Provider.OAuth1() {
		return nil, &token.Error{Op: "token source", Key: token.Key{Provider: s.c.name}, Err: ErrTokenType}
	}
	t, err := s.c.Token(s.ctx)
	if err != nil {
		return nil, err
	}
	return t.OAuth2(), nil
}

// stored is the source of the tokens in the app's storage.
type stored struct{ c *Consumer }

func (s stored) token(ctx context.Context) (*token.Token, error) {
	key, err := s.c.key(ctx)
	if err != nil {
		return nil, err
	}
	r, err := s.c.app.keeper.Fresh(ctx, key)
	if s.c.reg.Machine && (errors.Is(err, ErrNoToken) || errors.Is(err, ErrReauthorize)) {
		return s.c.obtain(ctx, key)
	}
	return r.Token, err
}

// patience is how long a caller waits for a refresh. A process that was killed in one has the others
// wait for longer than that, and people at their browsers, and the proxies before them, do not.
const patience = 15 * time.Second

func (s stored) renewed(ctx context.Context, rejected *token.Token) (*token.Token, error) {
	key, err := s.c.key(ctx)
	if err != nil {
		return nil, err
	}
	r, err := s.c.app.keeper.Renew(ctx, key, rejected)
	return r.Token, err
}

// Record returns what is stored for ctx's user: the token as it is, fresh or not, and the health of
// the connection: its State, why (Reason) and since when. It asks no provider. It fails with
// ErrNoToken or ErrNoUser.
func (c *Consumer) Record(ctx context.Context) (token.Record, error) {
	key, err := c.key(ctx)
	if err != nil {
		return token.Record{}, err
	}
	return c.app.keeper.Peek(ctx, key)
}

// Authorized reports whether ctx's user has a token that the provider has not ended. It asks no
// provider, so the token may have to be refreshed at its next use.
func (c *Consumer) Authorized(ctx context.Context) (bool, error) {
	r, err := c.Record(ctx)
	switch {
	case errors.Is(err, ErrNoToken), errors.Is(err, ErrNoUser):
		return false, nil
	case err != nil:
		return false, err
	default:
		return r.State != token.Reauthorize, nil
	}
}

// Save stores t for ctx's user as a new grant, for a program that has a token from elsewhere: from the
// provider itself, since an ID token in it is believed as it stands. With Registration.Accounts and
// no account in ctx it asks the provider whose the account is.
func (c *Consumer) Save(ctx context.Context, t *token.Token) error {
	if c.reg.Machine {
		return fmt.Errorf("waltz: a token of Registration.Machine is got, not saved: %w", errors.ErrUnsupported)
	}
	user, err := c.app.user(ctx)
	if err != nil {
		return err
	}
	account, _ := ctx.Value(accountKey{}).(string)
	return (&Authorization{Token: t, User: user, Account: account, consumer: c}).Save(ctx)
}

// Identity asks the provider whose account ctx's user has connected.
func (c *Consumer) Identity(ctx context.Context) (provider.Identity, error) {
	t, err := c.Token(ctx)
	if err != nil {
		return provider.Identity{}, err
	}
	return c.client.Identity(ctx, t)
}

// Disconnect ends the grant of ctx's user at the provider, where that can be done, and deletes the
// token. ErrRevoke says that the token was deleted here and is perhaps still alive there. There being
// none is no error.
func (c *Consumer) Disconnect(ctx context.Context) error {
	key, err := c.key(ctx)
	if err != nil {
		return err
	}
	return c.app.disconnect(ctx, key)
}
