package storagetest_test

import (
	"context"
	"sync"
	"testing"

	"github.com/waltz-oauth/waltz/storage/storagetest"
	"github.com/waltz-oauth/waltz/token"
)

// mapStorage is a storage of one's own: three methods.
type mapStorage struct {
	mu      sync.Mutex
	records map[token.Key]token.Record
}

func (s *mapStorage) Get(ctx context.Context, key token.Key) (token.Record, error) {
	if err := ctx.Err(); err != nil {
		return token.Record{}, &token.Error{Op: "get", Key: key, Err: err}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.records[key]
	if !ok {
		return token.Record{}, &token.Error{Op: "get", Key: key, Err: token.ErrNotFound}
	}
	return r, nil
}

func (s *mapStorage) Set(ctx context.Context, key token.Key, r token.Record) error {
	if err := ctx.Err(); err != nil {
		return &token.Error{Op: "set", Key: key, Err: err}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.records[key] = r
	return nil
}

func (s *mapStorage) Delete(ctx context.Context, key token.Key) error {
	if err := ctx.Err(); err != nil {
		return &token.Error{Op: "delete", Key: key, Err: err}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.records, key)
	return nil
}

func TestMapStorage(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(*testing.T) token.Storage {
		return &mapStorage{records: make(map[token.Key]token.Record)}
	})
}
