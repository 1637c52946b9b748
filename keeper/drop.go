package keeper

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/waltz-oauth/waltz/token"
)

// Drop ends the grant at key: it is revoked at the provider, then deleted here, whatever became of
// the first. Where the provider may still honour it, the error matches [ErrRevoke], which says that
// it is deleted here. Nothing at key is no error. A caller that gives up does not stop it.
func (k *Keeper) Drop(ctx context.Context, key token.Key) error {
	if err := k.check("drop", key); err != nil {
		return err
	}
	own := context.WithoutCancel(ctx)
	load := k.c.Storage.Get
	if k.shared != nil {
		load = k.shared.Load
	}
	r, err := k.look(own, key, load)
	failed := err
	if err == nil {
		failed = k.revoke(own, key, r.Token)
		if again, err := k.look(own, key, load); err == nil && !same(again, r) {
			failed = k.revoke(own, key, again.Token) // a refresh was stored meanwhile, and what it brought may live on
		}
	}
	k.forget(key, k.brought(own, key))
	if err := k.remove(own, key); err != nil {
		return err
	}
	if failed != nil && !errors.Is(failed, token.ErrNotFound) {
		return &token.Error{Op: "drop", Key: key, Err: fmt.Errorf("%w: %w", ErrRevoke, failed)}
	}
	return nil
}

// look returns what is to be revoked at key: the newest token there is.
func (k *Keeper) look(ctx context.Context, key token.Key, load func(context.Context, token.Key) (token.Record, error)) (token.Record, error) {
	ctx, cancel := context.WithTimeout(ctx, storageTimeout)
	defer cancel()
	r, err := load(ctx, key)
	if err != nil || r.Token == nil {
		return r, err
	}
	if h := k.holds(key); h != nil && same(r, h.spent) {
		return h.next, nil
	}
	if k.browser != nil {
		if newer, ok, _ := k.browser.after(key, r); ok {
			return newer, nil
		}
	}
	return r, nil
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
	if t == nil {
		return nil
	}
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
