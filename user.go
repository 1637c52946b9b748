package waltz

import (
	"context"
	"fmt"

	"github.com/waltz-oauth/waltz/token"
)

type (
	userKey    struct{}
	accountKey struct{}
)

// WithUser returns a context in which tokens are those of the user whose id is given, whatever
// Config.User would say: for workers, which have no request.
func WithUser(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, userKey{}, id)
}

// WithAccount returns a context in which tokens are those of one of the user's accounts at the
// provider, named by the provider's own id of it. See Registration.Accounts.
func WithAccount(ctx context.Context, account string) context.Context {
	return context.WithValue(ctx, accountKey{}, account)
}

// user returns the id of ctx's user; "" where there is none.
func (a *App) user(ctx context.Context) (string, error) {
	if id, ok := ctx.Value(userKey{}).(string); ok {
		return id, nil
	}
	if a.config.User == nil {
		return "", nil
	}
	id, err := a.config.User(ctx)
	if err != nil {
		return "", fmt.Errorf("waltz: Config.User: %w", err)
	}
	return id, nil
}

// key says whose token ctx asks for.
func (c *Consumer) key(ctx context.Context) (token.Key, error) {
	if c.reg.Machine {
		return token.Key{Provider: c.name}, nil
	}
	user, err := c.app.user(ctx)
	if err != nil {
		return token.Key{}, err
	}
	account, chosen := ctx.Value(accountKey{}).(string)
	if c.reg.Accounts && !chosen {
		if account, err = c.onlyAccount(ctx, user); err != nil {
			return token.Key{}, err
		}
	}
	return c.keyFor(user, account)
}

// onlyAccount is the user's one account at the provider; "" where there is none.
func (c *Consumer) onlyAccount(ctx context.Context, user string) (account string, err error) {
	s, walks := token.As[token.Lister](c.app.storage)
	if !walks || user == "" { // a filter without a user matches everybody's
		return "", nil
	}
	for e, err := range s.List(ctx, token.Filter{Provider: c.name, User: user}) {
		if err != nil {
			return "", err
		}
		if account != "" {
			return "", &token.Error{Op: "choose", Key: token.Key{Provider: c.name, User: user}, Err: ErrAccount}
		}
		account = e.Key.Account
	}
	return account, nil
}

// keyFor is the key of a user's account, where a user is not missing.
func (c *Consumer) keyFor(user, account string) (token.Key, error) {
	key := token.Key{Provider: c.name, User: user, Account: account}
	if user == "" && c.app.config.User != nil && !c.app.config.UserOptional {
		return key, &token.Error{Op: "use", Key: key, Err: ErrNoUser}
	}
	return key, nil
}
