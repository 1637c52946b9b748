package waltz

import (
	"context"
	"errors"
	"fmt"

	"github.com/waltz-oauth/waltz/keeper"
	"github.com/waltz-oauth/waltz/provider"
	"github.com/waltz-oauth/waltz/token"
)

// refresher makes the keeper's calls to the provider whose token it is.
type refresher struct{ app *App }

var _ keeper.Refresher = refresher{}

func (r refresher) Refresh(ctx context.Context, key token.Key, t *token.Token) (*token.Token, error) {
	c, ok := r.app.consumer(key.Provider)
	if !ok {
		return nil, unregistered(key)
	}
	if c.reg.Machine {
		return c.credentials(ctx)
	}
	next, err := c.client.Refresh(ctx, t)
	return next, failure(err)
}

func (r refresher) Revoke(ctx context.Context, key token.Key, t *token.Token) error {
	c, ok := r.app.consumer(key.Provider)
	if !ok {
		return unregistered(key)
	}
	return failure(c.client.Revoke(ctx, t))
}

// traits are those of that consumer's grants.
func (a *App) traits(consumer string) keeper.Traits {
	c, ok := a.consumer(consumer)
	if !ok {
		return keeper.Traits{}
	}
	return keeper.Traits{Idle: c.reg.Provider.RefreshIdle, Renews: c.reg.Machine, Own: c.reg.Machine}
}

func unregistered(key token.Key) error {
	err := fmt.Errorf("waltz: no provider is registered as %q", key.Provider)
	return &keeper.Failure{Kind: keeper.Misconfigured, Err: err}
}

// failure says in the keeper's words what a provider's error means.
func failure(err error) error {
	var e *provider.Error
	if !errors.As(err, &e) {
		return err
	}
	kinds := map[provider.Kind]keeper.Kind{
		provider.Doubtful:      keeper.Doubtful,
		provider.Unsent:        keeper.Unsent,
		provider.Limited:       keeper.Limited,
		provider.Refused:       keeper.Refused,
		provider.Misconfigured: keeper.Misconfigured,
	}
	return &keeper.Failure{Kind: kinds[e.Kind], Code: e.Code, RetryAfter: e.RetryAfter, Err: err}
}

// refreshed and reauthorize hand the keeper's news to the hooks of the consumer concerned.

func (a *App) refreshed(ctx context.Context, key token.Key, r token.Record) {
	if c, ok := a.consumer(key.Provider); ok && c.reg.Hooks.Refreshed != nil {
		c.reg.Hooks.Refreshed(ctx, key, r.Token)
	}
}

func (a *App) reauthorize(ctx context.Context, key token.Key, r token.Record) {
	if c, ok := a.consumer(key.Provider); ok && c.reg.Hooks.Reauthorize != nil {
		c.reg.Hooks.Reauthorize(ctx, key, r.Reason)
	}
}
