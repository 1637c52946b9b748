package seal

import (
	"context"
	"errors"
	"iter"

	"github.com/waltz-oauth/waltz/token"
)

// Load is [token.Versioned]'s.
func (s *Storage) Load(ctx context.Context, key token.Key) (token.Record, error) {
	if s.versioned == nil {
		return token.Record{}, &token.Error{Op: "load", Key: key, Err: errors.ErrUnsupported}
	}
	r, err := s.versioned.Load(ctx, key)
	if err != nil {
		return token.Record{}, err
	}
	return s.opened(ctx, "load", key, r)
}

// Swap is [token.Versioned]'s.
func (s *Storage) Swap(ctx context.Context, key token.Key, old token.Version, r token.Record) (token.Version, error) {
	if s.versioned == nil {
		return "", &token.Error{Op: "swap", Key: key, Err: errors.ErrUnsupported}
	}
	r, err := s.sealed(ctx, "swap", key, r)
	if err != nil {
		return "", err
	}
	return s.versioned.Swap(ctx, key, old, r)
}

// List is [token.Lister]'s. It opens nothing, since a list has no tokens.
func (s *Storage) List(ctx context.Context, f token.Filter) iter.Seq2[token.Entry, error] {
	if s.lister == nil {
		return func(yield func(token.Entry, error) bool) {
			yield(token.Entry{}, &token.Error{Op: "list", Err: errors.ErrUnsupported})
		}
	}
	return s.lister.List(ctx, f)
}

// Watch is [token.Watcher]'s.
func (s *Storage) Watch(ctx context.Context, changed func(token.Key)) error {
	if s.watcher == nil {
		return &token.Error{Op: "watch", Err: errors.ErrUnsupported}
	}
	return s.watcher.Watch(ctx, changed)
}
