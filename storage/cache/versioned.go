package cache

import (
	"context"
	"errors"
	"iter"

	"github.com/waltz-oauth/waltz/token"
)

// Load is [token.Versioned]'s. It goes past the cache, which drops what it has if that turns out to be
// old.
func (s *Storage) Load(ctx context.Context, key token.Key) (token.Record, error) {
	if s.versioned == nil {
		return token.Record{}, &token.Error{Op: "load", Key: key, Err: errors.ErrUnsupported}
	}
	r, err := s.versioned.Load(ctx, key)
	if absent := errors.Is(err, token.ErrNotFound); err == nil || absent {
		if e := s.memory.get(key); e != nil && (absent != (e.err != nil) || e.record.Version != r.Version) {
			s.forget(ctx, key)
		}
	}
	return r, err
}

// Swap is [token.Versioned]'s. It goes past the cache.
func (s *Storage) Swap(ctx context.Context, key token.Key, old token.Version, r token.Record) (token.Version, error) {
	if s.versioned == nil {
		return "", &token.Error{Op: "swap", Key: key, Err: errors.ErrUnsupported}
	}
	v, err := s.versioned.Swap(ctx, key, old, r)
	if !errors.Is(err, token.ErrConflict) { // which has changed nothing
		s.Drop(ctx, key)
	}
	return v, err
}

// List is [token.Lister]'s. It goes past the cache.
func (s *Storage) List(ctx context.Context, f token.Filter) iter.Seq2[token.Entry, error] {
	if s.lister == nil {
		return func(yield func(token.Entry, error) bool) {
			yield(token.Entry{}, &token.Error{Op: "list", Err: errors.ErrUnsupported})
		}
	}
	return s.lister.List(ctx, f)
}

// Watch is [token.Watcher]'s. What has changed is dropped from the cache before changed hears of it.
func (s *Storage) Watch(ctx context.Context, changed func(token.Key)) error {
	if s.watcher == nil {
		return &token.Error{Op: "watch", Err: errors.ErrUnsupported}
	}
	return s.watcher.Watch(ctx, func(key token.Key) {
		s.changed(ctx, key)
		changed(key)
	})
}

// changed drops what the storage says has changed. The process that wrote it may not yet have dropped
// it from the backend, where this one would find it again.
func (s *Storage) changed(ctx context.Context, key token.Key) {
	if key == (token.Key{}) {
		s.memory.dropAll()
		return
	}
	s.forget(ctx, key)
}
