package keeper

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/waltz-oauth/waltz/token"
)

// storageTimeout is how long a write may take that must not end with the caller's patience.
const storageTimeout = 10 * time.Second

// send spends the refresh token of claimed, once, and stores what comes of it. The record before
// the claim was before.
func (f *refresh) send(ctx context.Context, before, claimed token.Record) (token.Record, error) {
	calling, cancel := context.WithTimeout(context.WithoutCancel(ctx), f.k.c.lease()/2)
	answer, err := f.k.c.Refresher.Refresh(calling, f.key, claimed.Token)
	cancel()

	var next *token.Token
	if err == nil {
		next, err = merge(claimed.Token, answer)
	}
	if err == nil {
		f.k.brakeOff(f.key)
		return f.commit(ctx, claimed, next)
	}
	failure := asFailure(err)
	f.k.log(ctx, slog.LevelWarn, "token refresh failed", f.key, claimed,
		slog.String("kind", failure.Kind.String()), slog.String("code", failure.Code), slog.Any("error", failure.Err))
	switch failure.Kind {
	case Refused:
		return f.refused(ctx, claimed, failure)
	case Misconfigured:
		f.leave(ctx, claimed, before)
		f.k.brakeOn(f.key, failure)
	default:
		f.postpone(ctx, claimed, failure)
	}
	return token.Record{}, failure
}

// merge returns what takes the place of t once answer came.
func merge(t, answer *token.Token) (*token.Token, error) {
	if answer == nil || answer.AccessToken == "" {
		return nil, &Failure{Kind: Doubtful, Err: errEmpty}
	}
	next, err := t.Merge(answer)
	if err != nil {
		return nil, &Failure{Kind: Doubtful, Err: err}
	}
	return next, nil
}

// postpone gives the claim back and says in the record when to try again, for every process. After
// a send without an answer the grant is in doubt. An answer that promises nothing was spent does not
// settle a doubt from before.
func (f *refresh) postpone(ctx context.Context, claimed token.Record, failure *Failure) {
	r := claimed
	r.Lease = token.Lease{}
	r.Reason = failure.reason()
	if failure.Kind == Doubtful && r.State == token.Active {
		r.State, r.Since = token.InDoubt, stamp(time.Now())
	}
	wait := backOff(failure, time.Since(r.Since))
	r.NotBefore = stamp(f.now().Add(wait))
	failure.RetryAfter = wait
	f.leave(ctx, claimed, r)
}

// leave swaps r in for what was claimed, if that still stands: whoever changed it knows better.
func (f *refresh) leave(ctx context.Context, claimed, r token.Record) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storageTimeout)
	defer cancel()
	_, err := f.store.Swap(ctx, f.key, claimed.Version, r)
	if err != nil && !errors.Is(err, token.ErrConflict) {
		f.k.log(ctx, slog.LevelError, "outcome of a token refresh not stored", f.key, r, slog.Any("error", err))
	}
}

// refused marks the grant dead, unless what was spent is no longer what is stored, or another is
// trying: then its outcome counts.
func (f *refresh) refused(ctx context.Context, claimed token.Record, failure *Failure) (token.Record, error) {
	own, cancel := context.WithTimeout(context.WithoutCancel(ctx), storageTimeout)
	defer cancel()
	dead := fmt.Errorf("%w: %w", ErrReauthorize, failure)
	var again poll
	for {
		stored, err := f.load(own)
		switch {
		case errors.Is(err, token.ErrNotFound):
			return token.Record{}, err
		case err != nil:
			f.k.log(ctx, slog.LevelError, "dead grant not marked", f.key, claimed, slog.Any("error", err))
			return token.Record{}, dead
		case stored.State == token.Reauthorize:
			return token.Record{}, dead
		case !same(stored, claimed):
			return stored, nil
		case stored.Lease.Attempt != "" && stored.Lease.Attempt != claimed.Lease.Attempt:
			return token.Record{}, errAgain
		}
		r := stored
		r.State, r.Since = token.Reauthorize, stamp(time.Now())
		r.Reason = failure.reason()
		r.Lease, r.NotBefore = token.Lease{}, time.Time{}
		r.Version, err = f.store.Swap(own, f.key, stored.Version, r)
		switch {
		case err == nil:
			f.k.log(ctx, slog.LevelWarn, "grant is dead", f.key, r, slog.String("code", r.Reason))
			if hook := f.k.c.Reauthorize; hook != nil {
				f.later = append(f.later, func(ctx context.Context) { hook(ctx, f.key, r) })
			}
			return token.Record{}, dead
		case !errors.Is(err, token.ErrConflict):
			f.k.log(ctx, slog.LevelError, "dead grant not marked", f.key, r, slog.Any("error", err))
			return token.Record{}, dead
		}
		again.wait(own) // if own ends, the load says so
	}
}
