// Package memstore keeps tokens in memory: for tests, and for programs that may forget them.
package memstore

import (
	"context"
	"iter"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/waltz-oauth/waltz/token"
)

// Storage keeps records in this process and forgets them when it ends.
type Storage struct {
	mu      sync.RWMutex
	records map[token.Key]token.Record
	writes  uint64 // makes versions
}

var (
	_ token.Versioned = (*Storage)(nil)
	_ token.Lister    = (*Storage)(nil)
)

// New returns a Storage that holds nothing.
func New() *Storage {
	return &Storage{records: make(map[token.Key]token.Record)}
}

// Reach returns [token.Process].
func (s *Storage) Reach() token.Reach { return token.Process }

// Get is [token.Storage]'s.
func (s *Storage) Get(ctx context.Context, key token.Key) (token.Record, error) {
	return s.read(ctx, "get", key)
}

// Load is [token.Versioned]'s. The record's Now is this process's clock.
func (s *Storage) Load(ctx context.Context, key token.Key) (token.Record, error) {
	r, err := s.read(ctx, "load", key)
	if err == nil {
		r.Now = time.Now()
	}
	return r, err
}

// Set is [token.Storage]'s. It refuses no key and no token.
func (s *Storage) Set(ctx context.Context, key token.Key, r token.Record) error {
	if err := ctx.Err(); err != nil {
		return &token.Error{Op: "set", Key: key, Err: err}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.write(key, r)
	return nil
}

// Swap is [token.Versioned]'s.
func (s *Storage) Swap(ctx context.Context, key token.Key, old token.Version, r token.Record) (token.Version, error) {
	if err := ctx.Err(); err != nil {
		return "", &token.Error{Op: "swap", Key: key, Err: err}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if stored, ok := s.records[key]; !ok || stored.Version != old {
		return "", &token.Error{Op: "swap", Key: key, Err: token.ErrConflict}
	}
	return s.write(key, r), nil
}

// Delete is [token.Storage]'s.
func (s *Storage) Delete(ctx context.Context, key token.Key) error {
	if err := ctx.Err(); err != nil {
		return &token.Error{Op: "delete", Key: key, Err: err}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.records, key)
	return nil
}

// List is [token.Lister]'s. It yields the records as they were when the loop began.
func (s *Storage) List(ctx context.Context, f token.Filter) iter.Seq2[token.Entry, error] {
	return func(yield func(token.Entry, error) bool) {
		for _, e := range s.matching(f) {
			if ctx.Err() != nil {
				break
			}
			if !yield(e, nil) {
				return
			}
		}
		if err := ctx.Err(); err != nil {
			yield(token.Entry{}, &token.Error{Op: "list", Err: err})
		}
	}
}

func (s *Storage) read(ctx context.Context, op string, key token.Key) (token.Record, error) {
	if err := ctx.Err(); err != nil {
		return token.Record{}, &token.Error{Op: op, Key: key, Err: err}
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	r, ok := s.records[key]
	if !ok {
		return token.Record{}, &token.Error{Op: op, Key: key, Err: token.ErrNotFound}
	}
	return r, nil
}

// write is called with the lock held. Tokens never change, so the pointer is kept.
func (s *Storage) write(key token.Key, r token.Record) token.Version {
	s.writes++
	r.Version = token.Version(strconv.FormatUint(s.writes, 10))
	r.Now = time.Time{}
	s.records[key] = r
	return r.Version
}

func (s *Storage) matching(f token.Filter) []token.Entry {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var all []token.Entry
	for key, r := range s.records {
		if f.Match(key, r) {
			r.Token = nil
			all = append(all, token.Entry{Key: key, Record: r})
		}
	}
	slices.SortFunc(all, func(a, b token.Entry) int { return a.Key.Compare(b.Key) })
	return all
}
