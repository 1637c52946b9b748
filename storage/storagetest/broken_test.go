package storagetest

import (
	"context"
	"errors"
	"iter"

	"github.com/waltz-oauth/waltz/storage/memstore"
	"github.com/waltz-oauth/waltz/token"
)

// broken is a storage that is right but for the functions that are given.
type broken struct {
	*memstore.Storage
	get  func(ctx context.Context, key token.Key) (token.Record, error)
	set  func(ctx context.Context, key token.Key, r token.Record) error
	del  func(ctx context.Context, key token.Key) error
	load func(ctx context.Context, key token.Key) (token.Record, error)
	swap func(ctx context.Context, key token.Key, old token.Version, r token.Record) (token.Version, error)
	list func(ctx context.Context, f token.Filter) iter.Seq2[token.Entry, error]
}

func (b *broken) Get(ctx context.Context, key token.Key) (token.Record, error) {
	if b.get != nil {
		return b.get(ctx, key)
	}
	return b.Storage.Get(ctx, key)
}

func (b *broken) Set(ctx context.Context, key token.Key, r token.Record) error {
	if b.set != nil {
		return b.set(ctx, key, r)
	}
	return b.Storage.Set(ctx, key, r)
}

func (b *broken) Delete(ctx context.Context, key token.Key) error {
	if b.del != nil {
		return b.del(ctx, key)
	}
	return b.Storage.Delete(ctx, key)
}

func (b *broken) Load(ctx context.Context, key token.Key) (token.Record, error) {
	if b.load != nil {
		return b.load(ctx, key)
	}
	return b.Storage.Load(ctx, key)
}

func (b *broken) Swap(ctx context.Context, key token.Key, old token.Version, r token.Record) (token.Version, error) {
	if b.swap != nil {
		return b.swap(ctx, key, old, r)
	}
	return b.Storage.Swap(ctx, key, old, r)
}

func (b *broken) List(ctx context.Context, f token.Filter) iter.Seq2[token.Entry, error] {
	if b.list != nil {
		return b.list(ctx, f)
	}
	return b.Storage.List(ctx, f)
}

// wrapper has all methods over a storage that has three of them, and says so if it is honest.
type wrapper struct {
	broken
	next   token.Storage
	honest bool
}

func (w *wrapper) Unwrap() token.Storage { return w.next }

func (w *wrapper) Load(ctx context.Context, key token.Key) (token.Record, error) {
	if w.honest {
		return token.Record{}, errors.ErrUnsupported
	}
	return w.broken.Load(ctx, key)
}

func (w *wrapper) Swap(ctx context.Context, key token.Key, old token.Version, r token.Record) (token.Version, error) {
	if w.honest {
		return "", errors.ErrUnsupported
	}
	return w.broken.Swap(ctx, key, old, r)
}

func (w *wrapper) List(ctx context.Context, f token.Filter) iter.Seq2[token.Entry, error] {
	if w.honest {
		return func(yield func(token.Entry, error) bool) { yield(token.Entry{}, errors.ErrUnsupported) }
	}
	return w.broken.List(ctx, f)
}

// with returns a storage after spoil has spoiled it.
func with(spoil func(b *broken)) func() token.Storage {
	return func() token.Storage {
		b := &broken{Storage: memstore.New()}
		spoil(b)
		return b
	}
}

// losing returns a storage that keeps what lose leaves of a record.
func losing(lose func(r *token.Record)) func() token.Storage {
	return with(func(b *broken) {
		b.set = func(ctx context.Context, key token.Key, r token.Record) error {
			lose(&r)
			return b.Storage.Set(ctx, key, r)
		}
	})
}

// folding returns a storage that takes keys for equal where fold returns the same.
func folding(fold func(k *token.Key)) func() token.Storage {
	return with(func(b *broken) {
		b.get = func(ctx context.Context, key token.Key) (token.Record, error) {
			fold(&key)
			return b.Storage.Get(ctx, key)
		}
		b.set = func(ctx context.Context, key token.Key, r token.Record) error {
			fold(&key)
			return b.Storage.Set(ctx, key, r)
		}
		b.del = func(ctx context.Context, key token.Key) error {
			fold(&key)
			return b.Storage.Delete(ctx, key)
		}
	})
}

// reading returns a storage that folds users with f.
func reading(f func(user string) string) func() token.Storage {
	return folding(func(k *token.Key) { k.User = f(k.User) })
}

// joining returns a storage whose keys are their fields with sep between them.
func joining(sep string) func() token.Storage {
	return folding(func(k *token.Key) {
		*k = token.Key{Provider: k.Provider + sep + k.User + sep + k.Account}
	})
}
