package cache

import (
	"context"
	"errors"
	"time"

	"github.com/waltz-oauth/waltz/token"
)

// fetch returns the record at key, which memory does not have, from the one flight that reads it.
func (s *Storage) fetch(ctx context.Context, key token.Key) (token.Record, error) {
	for {
		e, f, leads := s.memory.board(key)
		if e != nil {
			return e.record, e.err
		}
		if leads {
			s.fly(ctx, key, f)
		}
		select {
		case <-f.done:
		case <-ctx.Done():
			return token.Record{}, &token.Error{Op: "get", Key: key, Err: ctx.Err()}
		}
		if f.void && !leads {
			continue // another leads now, perhaps this one
		}
		if f.err != nil {
			return token.Record{}, f.err
		}
		return f.e.record, f.e.err
	}
}

// fly reads key for f. Should the storage panic, those who wait do not wait forever.
func (s *Storage) fly(ctx context.Context, key token.Key, f *flight) {
	defer s.memory.land(key, f)
	f.e, f.keep, f.err = s.find(ctx, key)
	f.void = f.err != nil && ctx.Err() != nil
}

// find returns what the backend has at key or, under a lease, the storage; keep is false where
// somebody wrote since.
func (s *Storage) find(ctx context.Context, key token.Key) (e *entry, keep bool, err error) {
	began := s.memory.clock.now()
	var lease Lease
	if s.backend != nil {
		if e, lease = s.recall(ctx, key); e != nil {
			s.date(e, began)
			return e, true, nil
		}
	}
	if e, err = s.read(ctx, key); err != nil {
		return nil, false, err
	}
	s.date(e, began)
	return e, lease == "" || s.remember(ctx, key, lease, e), nil
}

// read reads the storage, past any replica: what lags behind would be kept far longer than it lags.
func (s *Storage) read(ctx context.Context, key token.Key) (*entry, error) {
	get := s.next.Get
	if s.versioned != nil {
		get = s.versioned.Load
	}
	r, err := get(ctx, key)
	if errors.Is(err, token.ErrNotFound) {
		return absent(key), nil
	}
	if err != nil {
		return nil, err
	}
	r.Now = time.Time{} // it would be long past
	return &entry{record: r}, nil
}

func absent(key token.Key) *entry {
	return &entry{err: &token.Error{Op: "get", Key: key, Err: token.ErrNotFound}}
}

// date says until when e, which began to be read then, may be held in memory.
func (s *Storage) date(e *entry, began int64) {
	ttl := s.c.ttl()
	if e.err != nil {
		ttl = min(ttl, s.c.absentTTL())
	}
	e.until = began + int64(ttl)
}
