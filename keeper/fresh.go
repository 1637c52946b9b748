package keeper

import (
	"context"
	"errors"
	"time"

	"github.com/waltz-oauth/waltz/token"
)

// Fresh returns the record at key with a token that is good for Margin more. Where it cannot be
// refreshed for now, or not within half of the time that it has left, a token that has not yet
// expired is good enough. One that is due to be refreshed but has more than Margin left is returned
// at once, and refreshed meanwhile. One that came seconds ago is good enough whatever its expiry
// says.
//
// Errors match [token.ErrNotFound] (nothing stored), [ErrReauthorize], [ErrRefreshInProgress] (ctx
// ended first, or it took too long), [token.ErrTooLate] (the response has begun, and the session
// can no longer keep a new token), or are a [*Failure] that says when to try again.
func (k *Keeper) Fresh(ctx context.Context, key token.Key) (token.Record, error) {
	if err := k.check("refresh", key); err != nil {
		return token.Record{}, err
	}
	r, err := k.read(ctx, key, k.c.Storage.Get)
	if err != nil {
		return token.Record{}, err
	}
	need := k.need(key.Provider, r, time.Now())
	if need == nothing {
		return r, nil
	}
	ctx, cancel := k.patient(ctx)
	defer cancel()
	if need == login && k.shared != nil { // a cache may not have heard of a new one
		if r, err = k.read(ctx, key, k.shared.Load); err != nil {
			return token.Record{}, err
		}
	}
	return k.fresh(ctx, key, r)
}

func (k *Keeper) fresh(ctx context.Context, key token.Key, r token.Record) (token.Record, error) {
	switch k.need(key.Provider, r, time.Now()) {
	case nothing:
		return r, nil
	case login:
		return token.Record{}, refreshError(key, ErrReauthorize)
	case ahead:
		if k.browser == nil { // a session is there only while its request is
			if k.braked(key) == nil {
				k.fly(ctx, k.storeFor(key, r), key, r, false)
			}
			return r, nil
		}
	case wait:
	}
	waiting := ctx
	if left := time.Until(r.Token.Expiry); left > 0 && k.browser == nil { // whoever is refreshing may be dead
		var stop context.CancelFunc
		waiting, stop = context.WithTimeout(ctx, left/2)
		defer stop()
	}
	got, err := k.renew(waiting, key, r, false)
	if err != nil && !expired(r, time.Now()) && !final(err) {
		return r, nil
	}
	return got, err
}

// final reports whether err says that the token which the caller had is not to be used any more.
func final(err error) bool {
	return errors.Is(err, ErrReauthorize) || errors.Is(err, token.ErrNotFound) || errors.Is(err, errUncarried)
}

// Renew is called when an API refused the token rejected with a 401, before it expired. It returns
// the stored record where that has another token by now, and otherwise refreshes it, once for all
// who ask. A token that is younger than a minute or that cannot be refreshed is not renewed, or an
// API that rejects everything would make every request refresh: the error then matches
// [ErrRejected], and the caller passes the 401 on. Other errors are those of Fresh.
func (k *Keeper) Renew(ctx context.Context, key token.Key, rejected *token.Token) (token.Record, error) {
	if err := k.check("refresh", key); err != nil {
		return token.Record{}, err
	}
	ctx, cancel := k.patient(ctx)
	defer cancel()
	load := k.c.Storage.Get
	if k.shared != nil {
		load = k.shared.Load
	}
	r, err := k.read(ctx, key, load)
	switch {
	case err != nil:
		return token.Record{}, err
	case r.State == token.Reauthorize:
		return token.Record{}, refreshError(key, ErrReauthorize)
	case rejected != nil && r.Token.AccessToken != rejected.AccessToken:
		return k.fresh(ctx, key, r)
	case !k.renewable(key.Provider, r.Token) || time.Since(r.Since) < youth:
		return token.Record{}, refreshError(key, ErrRejected)
	default:
		return k.renew(ctx, key, r, true)
	}
}

// patient is ctx for as long as a caller waits.
func (k *Keeper) patient(ctx context.Context) (context.Context, context.CancelFunc) {
	if k.c.Patience == 0 || k.browser != nil { // the successor of a session's token is lost with the request
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, k.c.Patience)
}

// youth is how long a token is not renewed because an API refuses it.
const youth = time.Minute

// renew has r refreshed and waits for it.
func (k *Keeper) renew(ctx context.Context, key token.Key, r token.Record, forced bool) (token.Record, error) {
	if k.browser != nil {
		return k.renewSession(ctx, key, r, forced)
	}
	return k.join(ctx, k.storeFor(key, r), key, r, forced)
}

// read returns what load finds at key, or what this process knows to have come after it.
func (k *Keeper) read(ctx context.Context, key token.Key, load func(context.Context, token.Key) (token.Record, error)) (token.Record, error) {
	r, err := load(ctx, key)
	if err == nil && r.Token == nil {
		err = &token.Error{Op: "get", Key: key, Err: errIncomplete}
	}
	if k.browser != nil && err == nil {
		return k.carry(ctx, key, r)
	}
	if h := k.holds(key); h != nil {
		down := err != nil && !errors.Is(err, token.ErrNotFound) && ctx.Err() == nil
		if down || err == nil && same(r, h.spent) {
			return h.next, nil
		}
	}
	return r, err
}
