package keeper

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/waltz-oauth/waltz/token"
)

// Drop ends the grant at key: it is revoked at the provider, then deleted here, whatever became of
// the first. What a refresh under way still brings is revoked by that refresh. Where the provider
// may still honour the grant, the error matches [ErrRevoke], which says that it is deleted here.
// Nothing at key is no error. A caller that gives up does not stop it.
func (k *Keeper) Drop(ctx context.Context, key token.Key) error {
	if err := k.check("drop", key); err != nil {
		return err
	}
	own := context.WithoutCancel(ctx)
	brought := k.brought(own, key)
	failed := k.end(own, key, brought)
	k.forget(key, brought, token.Record{})
	if err := k.remove(own, key); err != nil {
		return err
	}
	if failed != nil {
		return &token.Error{Op: "drop", Key: key, Err: fmt.Errorf("%w: %w", ErrRevoke, failed)}
	}
	return nil
}

// ending is how long Drop may take for the grant to stand still.
const ending = 2 * time.Minute

// end revokes the newest token at key and swaps in a record of another grant, which is dead. A
// refresh under way then finds that what it spent is not there any more, and revokes what it got.
// A delete alone would not do: a refresh could be stored just before it, and nobody would look.
//
// The token stays in that record for a Drop that has to be repeated.
func (k *Keeper) end(ctx context.Context, key token.Key, brought token.Record) (failed error) {
	if k.browser != nil && brought.Token == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, ending)
	defer cancel()
	s := k.storeFor(key, brought)
	var revoked token.Record
	var again poll
	for {
		stored, r, err := k.look(ctx, s, key)
		switch {
		case errors.Is(err, token.ErrNotFound), err == nil && r.Token == nil:
			return failed
		case err != nil:
			return err
		case revoked.Token == nil || !same(r, revoked):
			failed = k.revoke(ctx, key, r.Token)
			revoked = r
		}
		dead := stored
		dead.Grant, dead.State, dead.Since = rand.Text(), token.Reauthorize, stamp(time.Now())
		dead.Lease = token.Lease{}
		if err := bury(ctx, s, key, stored.Version, dead); !errors.Is(err, token.ErrConflict) {
			return errors.Join(failed, err)
		}
		again.wait(ctx) // if ctx ends, the load says so
	}
}

// look returns the record that s has at key, and the newest that came of it.
func (k *Keeper) look(ctx context.Context, s store, key token.Key) (stored, newest token.Record, err error) {
	ctx, cancel := context.WithTimeout(ctx, storageTimeout)
	defer cancel()
	stored, err = s.Load(ctx, key)
	if h := k.holds(key); err == nil && h != nil && same(stored, h.spent) {
		return stored, h.next, nil
	}
	return stored, stored, err
}

func bury(ctx context.Context, s store, key token.Key, old token.Version, dead token.Record) error {
	ctx, cancel := context.WithTimeout(ctx, storageTimeout)
	defer cancel()
	_, err := s.Swap(ctx, key, old, dead)
	return err
}

func (k *Keeper) remove(ctx context.Context, key token.Key) error {
	ctx, cancel := context.WithTimeout(ctx, storageTimeout)
	defer cancel()
	end, err := k.turn(ctx, "delete", key)
	if err != nil {
		return err
	}
	defer end()
	return k.c.Storage.Delete(ctx, key)
}

const (
	revokeTimeout = 10 * time.Second
	revokeRetry   = time.Second
)

// revoke ends t's grant at the provider, trying once more where the first try was not answered or
// was put off (RFC 7009 section 2.2.1). That the provider cannot revoke, or knows no such grant, is
// no failure.
func (k *Keeper) revoke(ctx context.Context, key token.Key, t *token.Token) error {
	err := k.tryRevoke(ctx, key, t)
	if err == nil {
		return nil
	}
	if f := asFailure(err); f.Kind == Misconfigured || !pause(ctx, min(max(f.RetryAfter, revokeRetry), revokeTimeout)) {
		return err
	}
	return k.tryRevoke(ctx, key, t)
}

func (k *Keeper) tryRevoke(ctx context.Context, key token.Key, t *token.Token) error {
	ctx, cancel := context.WithTimeout(ctx, revokeTimeout)
	defer cancel()
	err := k.c.Refresher.Revoke(ctx, key, t)
	if errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	if f, ok := errors.AsType[*Failure](err); ok && f.Kind == Refused {
		return nil
	}
	return err
}
