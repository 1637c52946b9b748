package keeper

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/waltz-oauth/waltz/token"
)

// successor is what a provider gave for a refresh token that is spent.
type successor struct {
	store       store
	spent, next token.Record
}

const (
	firstRetry = time.Second
	reminder   = time.Minute    // of a storage that still takes nothing
	holding    = 24 * time.Hour // then it is given up
)

// A try to store a successor takes a tenth of a lease at most, and the next begins a twentieth later:
// once the storage is back it is stored before another process has watched the lease for the fifth
// after which it may take over.
func (c Config) lastRetry() time.Duration  { return c.lease() / 20 }
func (c Config) retryLimit() time.Duration { return c.lease() / 10 }

// hold keeps h in memory, serves it from there, and goes on storing it until that works, or never
// can. Meanwhile nobody here spends the refresh token that h was given for.
func (k *Keeper) hold(ctx context.Context, key token.Key, h *successor, err error) {
	k.log(ctx, slog.LevelError, "refreshed token not stored: serving it from memory", key, h.next, slog.Any("error", err))
	k.mu.Lock()
	defer k.mu.Unlock()
	k.held[key] = h
	k.holding.Store(len(k.held) > 0)
	own := context.WithoutCancel(ctx)
	k.goLocked(func() {
		if never(err) || never(k.keepStoring(own, key, h)) {
			k.serveToTheEnd(own, key, h)
		}
	})
}

// holds returns the successor held for key, or nil.
func (k *Keeper) holds(key token.Key) *successor {
	if !k.holding.Load() {
		return nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.held[key]
}

// never reports whether err says that the storage will not take what it was given, however often.
func never(err error) bool {
	return errors.Is(err, token.ErrTooLarge) || errors.Is(err, token.ErrKey)
}

// serveToTheEnd keeps h, which cannot be stored, until its token has expired.
func (k *Keeper) serveToTheEnd(ctx context.Context, key token.Key, h *successor) {
	k.log(ctx, slog.LevelError, "refreshed token can never be stored: serving it from memory until it expires, then the person must log in again", key, h.next)
	left := time.Duration(holding)
	if e := h.next.Token.Expiry; !e.IsZero() {
		left = min(left, time.Until(e))
	}
	select {
	case <-time.After(left):
	case <-k.closing:
	}
	k.letGo(key, h)
}

// keepStoring tries until h is stored or need not be, or it gives up and returns why.
func (k *Keeper) keepStoring(ctx context.Context, key token.Key, h *successor) error {
	began := time.Now()
	said := began
	closing := k.closing
	for retry := min(firstRetry, k.c.lastRetry()); ; retry = min(2*retry, k.c.lastRetry()) {
		select {
		case <-time.After(retry):
		case <-closing: // at once, and then often
			closing, retry = nil, min(firstRetry, k.c.lastRetry())/2
		case <-k.closed:
			k.log(ctx, slog.LevelError, "refreshed token lost: never stored", key, h.next)
			return nil
		}
		if k.holds(key) != h {
			return nil
		}
		err := k.storeHeld(ctx, key, h)
		if err == nil || never(err) {
			return err
		}
		if time.Since(began) > holding {
			k.letGo(key, h)
			k.log(ctx, slog.LevelError, "refreshed token lost: never stored", key, h.next, slog.Any("error", err))
			return err
		}
		if time.Since(said) >= reminder {
			k.log(ctx, slog.LevelError, "refreshed token still not stored", key, h.next, slog.Any("error", err))
			said = time.Now()
		}
	}
}

// storeHeld tries once to store h.
func (k *Keeper) storeHeld(ctx context.Context, key token.Key, h *successor) error {
	limited, cancel := context.WithTimeout(ctx, k.c.retryLimit())
	defer cancel()
	_, then, err := k.settle(limited, key, h)
	if err != nil && !errors.Is(err, token.ErrNotFound) {
		return err
	}
	if k.letGo(key, h) {
		k.mu.Lock()
		defer k.mu.Unlock()
		k.goLocked(func() { then(context.WithoutCancel(ctx)) })
	}
	return nil
}

// letGo forgets h and reports whether it was held: one of several who stored it tells the hook.
func (k *Keeper) letGo(key token.Key, h *successor) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.held[key] != h {
		return false
	}
	delete(k.held, key)
	k.holding.Store(len(k.held) > 0)
	return true
}
