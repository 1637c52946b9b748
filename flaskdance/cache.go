package flaskdance

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"log/slog"
	"time"

	"github.com/waltz-oauth/waltz/token"
)

// CacheKey is the key under which Flask-Dance has Flask-Caching keep key's token, less the prefix that
// Flask-Caching puts before it: CACHE_KEY_PREFIX, by default flask_cache_ in Redis and nothing in memory.
// Nothing is escaped there, so two keys can have one.
func CacheKey(key token.Key) string {
	return "flask_dance_token|" + key.Provider + "|" + cmp.Or(key.User, "None")
}

// Uncached is a storage that, after each write, drops what Flask-Caching holds of the key. It goes around
// a [Table] whose Flask application caches tokens in a Redis or memcached that both sides reach. Its
// entries are Python's pickles and are neither read nor written here.
//
// A reader in Flask that began before the write may still put the old token into the cache after it:
// then Flask serves that until the cache's timeout, as it may after a write of its own.
type Uncached struct {
	next   token.Storage
	prefix string
	drop   func(ctx context.Context, key string) error
	logger *slog.Logger
}

var (
	_ token.Wrapper   = (*Uncached)(nil)
	_ token.Versioned = (*Uncached)(nil)
	_ token.Lister    = (*Uncached)(nil)
)

// UncachedConfig is what an Uncached works with.
type UncachedConfig struct {
	Storage token.Storage // required

	// Drop deletes a key from the cache; required. It has five seconds, since the write has happened
	// and the caller waits. With go-redis it is
	//
	//	func(ctx context.Context, key string) error { return rdb.Del(ctx, key).Err() }
	Drop func(ctx context.Context, key string) error

	Prefix *string      // CACHE_KEY_PREFIX; nil: flask_cache_
	Logger *slog.Logger // gets a warning where Drop fails, which does not undo the write; default [slog.Default]
}

// NewUncached returns the storage.
func NewUncached(c UncachedConfig) (*Uncached, error) {
	if c.Storage == nil || c.Drop == nil {
		return nil, errors.New("flaskdance: UncachedConfig needs a Storage and a Drop")
	}
	prefix := "flask_cache_"
	if c.Prefix != nil {
		prefix = *c.Prefix
	}
	return &Uncached{c.Storage, prefix, c.Drop, cmp.Or(c.Logger, slog.Default())}, nil
}

// Unwrap implements [token.Wrapper].
func (u *Uncached) Unwrap() token.Storage { return u.next }

// Get implements [token.Storage].
func (u *Uncached) Get(ctx context.Context, key token.Key) (token.Record, error) {
	return u.next.Get(ctx, key)
}

// Set implements [token.Storage].
func (u *Uncached) Set(ctx context.Context, key token.Key, r token.Record) error {
	err := u.next.Set(ctx, key, r)
	u.wrote(ctx, key)
	return err
}

// Delete implements [token.Storage].
func (u *Uncached) Delete(ctx context.Context, key token.Key) error {
	err := u.next.Delete(ctx, key)
	u.wrote(ctx, key)
	return err
}

// Load implements [token.Versioned].
func (u *Uncached) Load(ctx context.Context, key token.Key) (token.Record, error) {
	next, ok := token.As[token.Versioned](u.next)
	if !ok {
		return token.Record{}, failed("load", key, errors.ErrUnsupported)
	}
	return next.Load(ctx, key)
}

// Swap implements [token.Versioned].
func (u *Uncached) Swap(ctx context.Context, key token.Key, old token.Version, r token.Record) (token.Version, error) {
	next, ok := token.As[token.Versioned](u.next)
	if !ok {
		return "", failed("swap", key, errors.ErrUnsupported)
	}
	version, err := next.Swap(ctx, key, old, r)
	if !errors.Is(err, token.ErrConflict) {
		u.wrote(ctx, key)
	}
	return version, err
}

// List implements [token.Lister].
func (u *Uncached) List(ctx context.Context, f token.Filter) iter.Seq2[token.Entry, error] {
	next, ok := token.As[token.Lister](u.next)
	if !ok {
		return func(yield func(token.Entry, error) bool) {
			yield(token.Entry{}, failed("list", token.Key{}, errors.ErrUnsupported))
		}
	}
	return next.List(ctx, f)
}

// wrote drops what the cache holds, also after a write that failed, which may have happened.
func (u *Uncached) wrote(ctx context.Context, key token.Key) {
	const patience = 5 * time.Second
	within, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	if err := u.drop(within, u.prefix+CacheKey(key)); err != nil {
		u.logger.LogAttrs(ctx, slog.LevelWarn, "Flask's cache may serve an old token until its timeout",
			slog.String("key", key.String()), slog.Any("error", err))
	}
}
