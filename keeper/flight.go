package keeper

import (
	"context"
	"fmt"

	"github.com/waltz-oauth/waltz/token"
)

// flightID names what a refresh spends. The grant is part of it because a key alone may stand for
// many people: every visitor without an account has the same.
type flightID struct {
	key        token.Key
	grant      string
	generation uint64
}

func idOf(key token.Key, r token.Record) flightID {
	return flightID{key, grantOf(r), r.Generation}
}

// grantOf is r's grant, or, for a record that was written without one, what else tells it from
// those of other people.
func grantOf(r token.Record) string {
	if r.Grant == "" {
		return "token " + r.Token.AccessToken
	}
	return r.Grant
}

// same reports whether a and b are the same refresh of the same grant.
func same(a, b token.Record) bool { return a.Grant == b.Grant && a.Generation == b.Generation }

// flight is a refresh that callers of this process share.
type flight struct {
	forced bool
	landed chan struct{} // closed when r and err are set
	r      token.Record
	err    error
}

// fly returns the flight that refreshes r, which is started if there is none. The work has a
// context and a deadline of its own: it does not end when the caller gives up.
func (k *Keeper) fly(ctx context.Context, s store, key token.Key, r token.Record, forced bool) *flight {
	id := idOf(key, r)
	k.mu.Lock()
	defer k.mu.Unlock()
	if f, ok := k.flights[id]; ok {
		return f
	}
	f := &flight{forced: forced, landed: make(chan struct{}), err: refreshError(key, errUnanswered)}
	k.flights[id] = f
	k.goLocked(func() {
		own := context.WithoutCancel(ctx)
		work := &refresh{k: k, store: s, key: key, forced: forced}
		func() {
			defer func() { // also when the Refresher ends the goroutine
				k.mu.Lock()
				delete(k.flights, id)
				k.mu.Unlock()
				close(f.landed)
			}()
			limited, cancel := context.WithTimeout(own, 2*k.c.lease())
			defer cancel()
			got, err := work.run(limited, r)
			switch {
			case err != nil && limited.Err() != nil && !final(err):
				f.err = refreshError(key, fmt.Errorf("%w: %w", ErrRefreshInProgress, err))
			case err != nil:
				f.err = refreshError(key, err)
			case got.Token == nil: // another hand wrote it meanwhile
				f.err = refreshError(key, errIncomplete)
			case got.State == token.Reauthorize:
				f.err = refreshError(key, ErrReauthorize)
			default:
				f.r, f.err = got, nil
			}
		}()
		for _, do := range work.later { // callers have their answer, so what runs now may call the keeper
			do(own)
		}
	})
	return f
}

// join has r refreshed in a flight and waits for it. Where a forced caller joined a flight that was
// not, what that would not try may be tried for this one.
func (k *Keeper) join(ctx context.Context, s store, key token.Key, r token.Record, forced bool) (token.Record, error) {
	f := k.fly(ctx, s, key, r, forced)
	got, err := f.result(ctx, key)
	if err != nil && forced && !f.forced && ctx.Err() == nil {
		return k.fly(ctx, s, key, r, forced).result(ctx, key)
	}
	return got, err
}

// result waits for the flight to land, or for the caller to give up.
func (f *flight) result(ctx context.Context, key token.Key) (token.Record, error) {
	select {
	case <-f.landed:
		return f.r, f.err
	case <-ctx.Done():
		return token.Record{}, refreshError(key, fmt.Errorf("%w: %w", ErrRefreshInProgress, context.Cause(ctx)))
	}
}

// goLocked runs do in a goroutine that Shutdown waits for. The caller holds k.mu.
func (k *Keeper) goLocked(do func()) {
	if k.running == 0 {
		k.idle = make(chan struct{})
	}
	k.running++
	go func() {
		defer func() {
			k.mu.Lock()
			defer k.mu.Unlock()
			if k.running--; k.running == 0 {
				close(k.idle)
			}
		}()
		do()
	}()
}

// Shutdown waits until the refreshes under way are stored and their hooks have run, or ctx is done.
// It then returns an error matching ctx's, and what could not be stored by then is lost. The keeper
// is not to be used any more.
func (k *Keeper) Shutdown(ctx context.Context) error {
	k.mu.Lock()
	idle := k.idle
	select {
	case <-k.closing:
	default:
		close(k.closing)
		defer close(k.closed)
	}
	k.mu.Unlock()
	if idle == nil {
		return nil
	}
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("keeper: shut down before every refreshed token was stored: %w", context.Cause(ctx))
	}
}
