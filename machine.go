package waltz

import (
	"context"
	"errors"
	"time"

	"github.com/waltz-oauth/waltz/keeper"
	"github.com/waltz-oauth/waltz/token"
)

// own is how a Machine gets its first token: one call at a time, and none soon after one that failed.
type own struct {
	turn  chan struct{} // has room for one
	until time.Time
	err   error // of the call that failed
}

// obtain stores a token of the client's own at key, where there was none, and returns it. Processes that
// do so at once each get one, and the last one stored stays: the others work, too.
func (c *Consumer) obtain(ctx context.Context, key token.Key) (*token.Token, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	select {
	case c.own.turn <- struct{}{}:
		defer func() { <-c.own.turn }()
	case <-ctx.Done():
		return nil, &token.Error{Op: "obtain", Key: key, Err: ctx.Err()}
	}
	if r, err := c.app.keeper.Fresh(ctx, key); !errors.Is(err, ErrNoToken) && !errors.Is(err, ErrReauthorize) { // another got it meanwhile
		return r.Token, err
	}
	if time.Now().Before(c.own.until) {
		return nil, c.own.err
	}
	t, err := c.credentials(ctx)
	if err == nil {
		_, err = c.app.keeper.Put(ctx, key, t, "")
	}
	if err != nil {
		const rest = 15 * time.Second
		wait := rest
		if f, ok := errors.AsType[*keeper.Failure](err); ok {
			wait = max(wait, f.RetryAfter)
		}
		err = &token.Error{Op: "obtain", Key: key, Err: err}
		if ctx.Err() == nil {
			c.own.until, c.own.err = time.Now().Add(wait), err
		}
		return nil, err
	}
	return t, nil
}

// credentials asks the provider for a token of the client's own. There is no grant that could be dead: what
// it refuses is the client.
func (c *Consumer) credentials(ctx context.Context) (*token.Token, error) {
	t, err := c.client.ClientCredentials(ctx, c.scopes())
	err = failure(err)
	if f, ok := errors.AsType[*keeper.Failure](err); ok && f.Kind == keeper.Refused {
		f.Kind = keeper.Misconfigured
	}
	return t, err
}
