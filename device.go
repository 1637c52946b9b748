package waltz

import (
	"context"
	"errors"
	"fmt"

	"github.com/waltz-oauth/waltz/provider"
	"github.com/waltz-oauth/waltz/token"
)

// LoginDevice logs ctx's user in from a program that has no browser at hand (RFC 8628): show tells the
// person the code, and where to type it in. It returns once they have and the token is stored, when they
// say no (ErrDenied), when the code has expired, or when ctx is done. Of the hooks only those about
// stored tokens are called. It fails with [errors.ErrUnsupported] where the provider has no DeviceURL.
//
// Whoever types the code in connects their account, so show it to nobody but ctx's user (section 5.4).
func (c *Consumer) LoginDevice(ctx context.Context, show func(provider.Device) error) error {
	a, err := c.unattended(ctx)
	if err != nil {
		return err
	}
	d, err := c.client.Device(ctx, c.scopes())
	if err != nil {
		return c.denied(err)
	}
	if err := show(d); err != nil {
		return err
	}
	if a.Token, err = c.client.Await(ctx, d); err != nil {
		return c.denied(err)
	}
	return a.Save(ctx)
}

// unattended is a login of ctx's user without a handler. Whose the token is must be known beforehand.
func (c *Consumer) unattended(ctx context.Context) (*Authorization, error) {
	if c.reg.Machine {
		return nil, fmt.Errorf("waltz: nobody logs in where Registration.Machine is set: %w", errors.ErrUnsupported)
	}
	if token.Reaches(c.app.storage) == token.Request {
		return nil, errors.New("waltz: a program that logs in needs a Config.Storage: the browser's session is not its own")
	}
	user, err := c.app.user(ctx)
	if err != nil {
		return nil, err
	}
	account, _ := ctx.Value(accountKey{}).(string)
	_, err = c.keyFor(user, account)
	return &Authorization{User: user, Account: account, consumer: c}, err
}

func (c *Consumer) denied(err error) error {
	if e, ok := errors.AsType[*provider.Error](err); ok && e.Code == "access_denied" {
		err = fmt.Errorf("%w: %w", ErrDenied, err)
	}
	return &token.Error{Op: "login", Key: token.Key{Provider: c.name}, Err: err}
}
