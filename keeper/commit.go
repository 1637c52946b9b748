package keeper

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/waltz-oauth/waltz/token"
)

// commit stores next, which the provider gave for what was claimed. From here on the refresh token
// that was spent is worth nothing, so what came is kept in memory until the storage takes it.
func (f *refresh) commit(ctx context.Context, claimed token.Record, next *token.Token) (token.Record, error) {
	now := time.Now()
	r := claimed
	r.Token = next
	r.Generation++
	r.State, r.Reason, r.Since = token.Active, "", stamp(now)
	r.Lease, r.NotBefore = token.Lease{}, time.Time{}
	r.RefreshAt = f.k.refreshAt(f.key.Provider, next, now)

	own, cancel := context.WithTimeout(context.WithoutCancel(ctx), storageTimeout)
	defer cancel()
	h := &successor{store: f.store, spent: claimed, next: r}
	stored, then, err := f.k.settle(own, f.key, h)
	if err != nil && !errors.Is(err, token.ErrNotFound) {
		f.k.hold(ctx, f.key, h, err)
		return r, nil
	}
	f.later = append(f.later, then)
	return stored, err
}

// settle swaps h.next in if the stored record is still the grant and generation that was spent,
// whoever holds a lease on it. Otherwise it keeps what is stored. It returns what is stored then, or
// an error matching [token.ErrNotFound], and what is left to do. Any other error says that it could
// not find out; it may be called again.
func (k *Keeper) settle(ctx context.Context, key token.Key, h *successor) (stored token.Record, then func(context.Context), err error) {
	version := h.spent.Version
	var again poll
	for {
		stored = h.next
		stored.Version, err = h.store.Swap(ctx, key, version, h.next)
		if err == nil {
			return stored, k.refreshed(key, stored), nil
		}
		if !errors.Is(err, token.ErrConflict) {
			return token.Record{}, nil, err
		}
		stored, err = h.store.Load(ctx, key)
		switch {
		case errors.Is(err, token.ErrNotFound) && stored.Grant == "":
			return token.Record{}, k.unwanted(key, h.next), err
		case errors.Is(err, token.ErrNotFound): // of a session
			return token.Record{}, k.replaced(key, h.next, stored), err
		case err != nil:
			return token.Record{}, nil, err
		case stored.Grant != h.spent.Grant:
			return stored, k.replaced(key, h.next, stored), nil
		case stored.Generation == h.spent.Generation:
			version = stored.Version
			again.wait(ctx) // if ctx ends, the swap says so
		case stored.Generation == h.next.Generation && stored.Token != nil && stored.Token.AccessToken == h.next.Token.AccessToken:
			return stored, k.refreshed(key, stored), nil // an earlier swap did happen
		default:
			return stored, func(context.Context) {}, nil
		}
	}
}

// refreshed tells of a refresh that is stored.
func (k *Keeper) refreshed(key token.Key, r token.Record) func(context.Context) {
	return func(ctx context.Context) {
		k.log(ctx, slog.LevelInfo, "token refreshed", key, r)
		if k.c.Refreshed != nil {
			k.c.Refreshed(ctx, key, r)
		}
	}
}

// replaced sees to what came for a grant whose place by has taken. It is revoked if that cannot end
// by's grant too: if that is dead, or of another account at the provider. Some providers take the
// revocation of one token for the end of all that the account granted the application.
func (k *Keeper) replaced(key token.Key, r, by token.Record) func(context.Context) {
	otherAccount := r.Subject != "" && by.Subject != "" && r.Subject != by.Subject
	if by.State == token.Reauthorize || otherAccount {
		return k.unwanted(key, r)
	}
	return func(ctx context.Context) {
		k.log(ctx, slog.LevelInfo, "refreshed token not wanted any more: left, for the sake of a new login", key, r)
	}
}

// unwanted revokes what came for a grant that somebody ended while it was being refreshed.
func (k *Keeper) unwanted(key token.Key, r token.Record) func(context.Context) {
	return func(ctx context.Context) {
		if err := k.revoke(ctx, key, r.Token); err != nil {
			k.log(ctx, slog.LevelWarn, "refreshed token not wanted any more, and not revoked", key, r, slog.Any("error", err))
			return
		}
		k.log(ctx, slog.LevelInfo, "refreshed token not wanted any more: revoked", key, r)
	}
}
