package keeper

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"github.com/waltz-oauth/waltz/token"
)

// store is where one refresh reads and writes its record: a [token.Versioned], or what stands in
// for one within this process.
type store interface {
	Load(ctx context.Context, key token.Key) (token.Record, error)
	Swap(ctx context.Context, key token.Key, old token.Version, r token.Record) (token.Version, error)
}

func (k *Keeper) storeFor(key token.Key, r token.Record) store {
	switch {
	case k.browser != nil:
		return k.browser.enter(key, r)
	case k.shared != nil:
		return k.shared
	default:
		return plain{k.c.Storage, k.turns}
	}
}

// refresh is one refresh under way.
type refresh struct {
	k      *Keeper
	store  store
	key    token.Key
	forced bool                    // the access token was refused: there is nothing to gain by waiting for its expiry
	offset time.Duration           // what the storage's clock is ahead of ours
	later  []func(context.Context) // to do once the callers have their answer
}

// errAgain: another process is at it after all.
var errAgain = errors.New("look again")

// run refreshes seen, unless it finds that somebody has.
func (f *refresh) run(ctx context.Context, seen token.Record) (token.Record, error) {
	var other watch
	var again poll
	for {
		began := time.Now()
		r, err := f.load(ctx)
		if err != nil {
			return token.Record{}, err
		}
		if h := f.k.holds(f.key); h != nil && same(r, h.spent) {
			if err := f.k.storeHeld(ctx, f.key, h); err != nil {
				return token.Record{}, err
			}
			continue
		}
		if !same(r, seen) {
			switch {
			case r.State != token.Reauthorize && (other.attempt != "" || !f.k.late(r, began) || justGot(r, began)):
				return r, nil
			case f.k.shared == nil && r.Grant == seen.Grant && r.Generation < seen.Generation: // it lags; r's flight may wait for this one
				if !again.wait(ctx) {
					return token.Record{}, ErrRefreshInProgress
				}
				continue
			case f.k.shared == nil: // the flight is the claim, and r's is another
				return f.k.join(ctx, f.store, f.key, r, f.forced)
			}
			seen = r
		}
		if r.Lease.Attempt != "" && !other.over(r, f.k.c.lease()) {
			if !f.k.bells.wait(ctx, f.key, again.next()) {
				return token.Record{}, ErrRefreshInProgress
			}
			continue
		}
		if err := f.mayTry(r); err != nil {
			return token.Record{}, err
		}
		claimed, err := f.claim(ctx, r)
		if errors.Is(err, token.ErrConflict) {
			if !again.wait(ctx) { // a replica that lags shows for a while what is not there any more
				return token.Record{}, ErrRefreshInProgress
			}
			continue
		}
		if err != nil {
			return token.Record{}, err
		}
		if time.Since(began) > f.k.c.lease()/2 { // the lease might run out before the answer comes
			f.leave(ctx, claimed, r)
			return token.Record{}, ErrRefreshInProgress
		}
		got, err := f.send(ctx, r, claimed)
		if !errors.Is(err, errAgain) {
			return got, err
		}
		seen = claimed
	}
}

func (f *refresh) load(ctx context.Context) (token.Record, error) {
	r, err := f.store.Load(ctx, f.key)
	if err == nil && r.Token == nil {
		err = &token.Error{Op: "load", Key: f.key, Err: errIncomplete}
	}
	if err == nil && !r.Now.IsZero() {
		f.offset = time.Until(r.Now)
	}
	return r, err
}

// now is the time by the storage's clock, or ours where it has none.
func (f *refresh) now() time.Time { return stamp(time.Now().Add(f.offset)) }

// mayTry returns why r, which nobody is refreshing, is not to be refreshed now.
func (f *refresh) mayTry(r token.Record) error {
	if r.State == token.Reauthorize || !f.k.renewable(f.key.Provider, r.Token) {
		return ErrReauthorize
	}
	if left := r.NotBefore.Sub(f.now()); left > 0 {
		return remembered(r, left)
	}
	inDoubt := r.State == token.InDoubt || r.Lease.Attempt != ""
	if left := time.Until(r.Token.Expiry); inDoubt && !f.forced && left > 0 && !bare(r.Token) {
		return remembered(r, left)
	}
	return f.k.braked(f.key)
}

// claim swaps a lease into r. One write proves that the storage can be written, that r is current,
// and that its refresh token is about to be spent. A lease that was left behind says that the
// refresh token may have been spent before, so the grant is in doubt from then on.
//
// What only this process writes gets no lease, as the flight is the claim: it would keep others
// waiting after this process had died, and travel with a cookie.
func (f *refresh) claim(ctx context.Context, r token.Record) (token.Record, error) {
	claimed := r
	if f.k.shared != nil {
		if r.Lease.Attempt != "" && r.State == token.Active {
			claimed.State, claimed.Since = token.InDoubt, stamp(time.Now())
		}
		claimed.Lease = token.Lease{Attempt: rand.Text(), Until: f.now().Add(f.k.c.lease())}
	}
	v, err := f.store.Swap(ctx, f.key, r.Version, claimed)
	if err == nil {
		claimed.Version = v
		return claimed, nil
	}
	if f.k.shared == nil || errors.Is(err, token.ErrConflict) {
		return token.Record{}, err
	}
	stored, loadErr := f.load(ctx) // it may have happened
	if loadErr != nil || stored.Lease.Attempt != claimed.Lease.Attempt {
		return token.Record{}, err
	}
	return stored, nil
}

// watch is a lease of another, looked at over and over.
type watch struct {
	attempt string
	since   time.Time // by our monotonic clock
}

// over reports whether the holder of r's lease had all its time and a tenth more: by the storage's
// clock where it has one, and otherwise, as clocks differ, only after the lease has stood there for
// that long. In any case it must have stood there for a fifth: after the storage was away, a holder
// that has an answer is about to store it.
func (w *watch) over(r token.Record, length time.Duration) bool {
	if w.attempt != r.Lease.Attempt {
		w.attempt, w.since = r.Lease.Attempt, time.Now()
	}
	stood := time.Since(w.since)
	if r.Now.IsZero() {
		return stood > length+length/10
	}
	return stood > length/5 && r.Now.After(r.Lease.Until.Add(length/10))
}
