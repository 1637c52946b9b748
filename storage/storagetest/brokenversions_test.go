package storagetest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/waltz-oauth/waltz/token"
)

func brokenVersions() []breakage {
	return []breakage{
		{"versioned/load", "reads a replica that lags", with(func(b *broken) {
			first := make(map[token.Key]token.Record)
			b.load = func(ctx context.Context, key token.Key) (token.Record, error) {
				r, err := b.Storage.Load(ctx, key)
				if old, ok := first[key]; ok {
					return old, nil
				}
				first[key] = r
				return r, err
			}
		})},
		{"versioned/load", "gives Get no version", with(func(b *broken) {
			b.get = func(ctx context.Context, key token.Key) (token.Record, error) {
				r, err := b.Storage.Get(ctx, key)
				r.Version = ""
				return r, err
			}
		})},
		{"versioned/swap", "returns the version of before", with(func(b *broken) {
			b.swap = func(ctx context.Context, key token.Key, old token.Version, r token.Record) (token.Version, error) {
				_, err := b.Storage.Swap(ctx, key, old, r)
				return old, err
			}
		})},
		{"versioned/conflict", "does not look at the version", with(func(b *broken) {
			b.swap = func(ctx context.Context, key token.Key, _ token.Version, r token.Record) (token.Version, error) {
				now, err := b.Storage.Load(ctx, key)
				if err != nil {
					return "", token.ErrConflict
				}
				return b.Storage.Swap(ctx, key, now.Version, r)
			}
		})},
		{"versioned/absence", "creates", with(func(b *broken) {
			b.swap = func(ctx context.Context, key token.Key, old token.Version, r token.Record) (token.Version, error) {
				if _, err := b.Storage.Load(ctx, key); err != nil {
					return "1", b.Storage.Set(ctx, key, r)
				}
				return b.Storage.Swap(ctx, key, old, r)
			}
		})},
		{"versioned/refusal", "deletes, and then refuses", with(func(b *broken) {
			b.swap = func(ctx context.Context, key token.Key, old token.Version, r token.Record) (token.Version, error) {
				if len(r.Token.AccessToken) > 4000 {
					return "", errors.Join(b.Storage.Delete(ctx, key), token.ErrTooLarge)
				}
				return b.Storage.Swap(ctx, key, old, r)
			}
		})},
		{"versioned/never again", "counts from 1 after Delete", with(func(b *broken) {
			count := make(map[token.Key]int)
			version := func(key token.Key) token.Version { return token.Version(fmt.Sprint(count[key])) }
			b.set = func(ctx context.Context, key token.Key, r token.Record) error {
				count[key]++
				return b.Storage.Set(ctx, key, r)
			}
			b.del = func(ctx context.Context, key token.Key) error {
				delete(count, key)
				return b.Storage.Delete(ctx, key)
			}
			b.load = func(ctx context.Context, key token.Key) (token.Record, error) {
				r, err := b.Storage.Load(ctx, key)
				r.Version = version(key)
				return r, err
			}
			b.swap = func(ctx context.Context, key token.Key, old token.Version, r token.Record) (token.Version, error) {
				if old != version(key) {
					return "", token.ErrConflict
				}
				err := b.set(ctx, key, r)
				return version(key), err
			}
		})},
		{"versioned/never again", "hashes what is stored", with(func(b *broken) {
			b.load = func(ctx context.Context, key token.Key) (token.Record, error) {
				r, err := b.Storage.Load(ctx, key)
				r.Version = token.Version(r.Grant)
				return r, err
			}
			b.swap = func(ctx context.Context, key token.Key, old token.Version, r token.Record) (token.Version, error) {
				now, err := b.Storage.Load(ctx, key)
				if err != nil || token.Version(now.Grant) != old {
					return "", token.ErrConflict
				}
				return token.Version(r.Grant), b.Storage.Set(ctx, key, r)
			}
		})},
		{"versioned/ignored", "conflicts on Set", with(func(b *broken) {
			b.set = func(ctx context.Context, key token.Key, r token.Record) error {
				if r.Version == "" {
					return b.Storage.Set(ctx, key, r)
				}
				_, err := b.Storage.Swap(ctx, key, r.Version+"?", r)
				return err
			}
		})},
		{"versioned/ignored", "keeps Now", with(func(b *broken) {
			var now time.Time
			b.set = func(ctx context.Context, key token.Key, r token.Record) error {
				now = r.Now
				return b.Storage.Set(ctx, key, r)
			}
			b.load = func(ctx context.Context, key token.Key) (token.Record, error) {
				r, err := b.Storage.Load(ctx, key)
				r.Now = now
				return r, err
			}
		})},
		{"versioned/cancellation", "swaps all the same", with(func(b *broken) {
			b.swap = func(ctx context.Context, key token.Key, old token.Version, r token.Record) (token.Version, error) {
				v, err := b.Storage.Swap(context.WithoutCancel(ctx), key, old, r)
				return v, errors.Join(ctx.Err(), err)
			}
		})},
		{"versioned/increments", "looks, and then writes", with(func(b *broken) {
			b.swap = func(ctx context.Context, key token.Key, old token.Version, r token.Record) (token.Version, error) {
				now, err := b.Storage.Load(ctx, key)
				if err != nil || now.Version != old {
					return "", token.ErrConflict
				}
				time.Sleep(time.Millisecond)
				return "", b.Storage.Set(ctx, key, r)
			}
		})},
	}
}
