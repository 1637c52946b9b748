package waltz

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"

	"github.com/waltz-oauth/waltz/token"
)

// Connections yields what ctx's user has connected, at every provider, in the order of the keys:
// whose each is, and its health. Tokens are left out, and no provider is asked. Where nobody is
// signed in it yields ErrNoUser.
//
// A storage that cannot be walked, such as the browser's session, is asked for one account at each
// registered provider.
func (a *App) Connections(ctx context.Context) iter.Seq2[token.Entry, error] {
	return func(yield func(token.Entry, error) bool) {
		user, err := a.user(ctx)
		if err != nil {
			yield(token.Entry{}, err)
			return
		}
		s, walks := token.As[token.Lister](a.storage)
		if !walks || user == "" { // a filter without a user matches everybody's
			a.each(ctx, yield)
			return
		}
		for e, err := range s.List(ctx, token.Filter{User: user}) {
			if !yield(e, err) || err != nil {
				return
			}
		}
	}
}

// each yields the record of ctx's user at each registered provider.
func (a *App) each(ctx context.Context, yield func(token.Entry, error) bool) {
	for _, c := range a.registered() {
		if c.reg.Machine { // that one is no user's
			continue
		}
		key, err := c.key(ctx)
		if err != nil {
			yield(token.Entry{}, err)
			return
		}
		r, err := a.keeper.Peek(ctx, key)
		if errors.Is(err, ErrNoToken) {
			continue
		}
		r.Token = nil
		if !yield(token.Entry{Key: key, Record: r}, err) || err != nil {
			return
		}
	}
}

// registered lists the consumers by name.
func (a *App) registered() []*Consumer {
	a.mu.RLock()
	defer a.mu.RUnlock()
	all := make([]*Consumer, 0, len(a.consumers))
	for _, name := range slices.Sorted(maps.Keys(a.consumers)) {
		all = append(all, a.consumers[name])
	}
	return all
}

// DisconnectAll disconnects everything that ctx's user has connected: for when the user's account at
// the application is deleted. It goes on after an error, and returns them all; see
// [Consumer.Disconnect]. Tokens of a provider that is not registered any more are deleted, and
// ErrRevoke says so.
func (a *App) DisconnectAll(ctx context.Context) error {
	var all []error
	for e, err := range a.Connections(ctx) {
		if err == nil {
			err = a.disconnect(ctx, e.Key)
		}
		all = append(all, err)
	}
	return errors.Join(all...)
}

// disconnect ends the grant at key.
func (a *App) disconnect(ctx context.Context, key token.Key) error {
	err := a.keeper.Drop(ctx, key)
	if err != nil && !errors.Is(err, ErrRevoke) {
		return err
	}
	if c, ok := a.consumer(key.Provider); ok && c.reg.Hooks.Disconnected != nil {
		c.reg.Hooks.Disconnected(ctx, key)
	}
	return err
}

// UserOf returns the user who has connected the account that the provider knows as subject: the one
// to sign in when somebody logs in with the provider, and the first of them where several have. It
// fails with ErrNoToken where nobody has. The
// subject of a token is known from its login if the Authorized hook asked for the Identity, or if
// Registration.Accounts is set. It needs a storage that can be walked.
func (c *Consumer) UserOf(ctx context.Context, subject string) (string, error) {
	s, walks := token.As[token.Lister](c.app.storage)
	if !walks {
		return "", fmt.Errorf("waltz: this storage cannot be searched: %w", errors.ErrUnsupported)
	}
	if subject == "" { // a filter without a subject matches everybody's
		return "", &token.Error{Op: "find", Key: token.Key{Provider: c.name}, Err: ErrNoToken}
	}
	for e, err := range s.List(ctx, token.Filter{Provider: c.name, Subject: subject}) {
		return e.Key.User, err
	}
	return "", &token.Error{Op: "find", Key: token.Key{Provider: c.name}, Err: ErrNoToken}
}
