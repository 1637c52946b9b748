package storagetest

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/waltz-oauth/waltz/token"
)

// storagePromises are those of every storage.
func storagePromises() []promise[token.Storage] {
	return slices.Concat(answers(), []promise[token.Storage]{
		{"round trip/record", "a storage keeps all of a Record but Version and Now, times to the microsecond.", recordFields},
		{"absence", "where nothing is stored, Get returns an error that matches ErrNotFound.", absence},
		{"delete", "Delete removes the record at key, and absent is no error.", deletes},
		{"replace", "Set replaces what is there in one step: a reader sees the old record or the new.", replaces},
		{"aliasing", "what the caller gave or was given stays as it is, whatever is written later.", aliasing},
		{"cancellation", "a call whose context is done returns its error and changes nothing.", cancellation},
		{"concurrency", "the methods are safe for concurrent use.", concurrency},
		{"secrecy", "no error holds a token's value.", secrecy},
		{"honesty", "a wrapper returns errors.ErrUnsupported from the methods of what it cannot do, as token.As has it.", honesty},
	}, isolations())
}

func absence(ctx context.Context, s token.Storage) error {
	return absent(ctx, s, token.Key{Provider: newProvider(), User: "alice"})
}

func deletes(ctx context.Context, s token.Storage) error {
	key := token.Key{Provider: newProvider(), User: "alice", Account: "work"}
	if err := s.Delete(ctx, key); err != nil {
		return fmt.Errorf("before anything was set: %w", err)
	}
	for range 2 { // the second time round, a key that was deleted once
		r := newRecord()
		if err := s.Set(ctx, key, r); err != nil {
			return err
		}
		if err := holds(ctx, s, key, r); err != nil {
			return err
		}
		for range 2 {
			if err := s.Delete(ctx, key); err != nil {
				return err
			}
			if err := absent(ctx, s, key); err != nil {
				return err
			}
		}
	}
	return nil
}

func replaces(ctx context.Context, s token.Storage) error {
	key := token.Key{Provider: newProvider(), User: "alice"}
	two := [2]token.Record{newRecord(), newRecord()}
	two[0].Reason = "temporarily_unavailable" // which must not shine through the other
	for _, r := range two {
		if err := s.Set(ctx, key, r); err != nil {
			return err
		}
		if err := holds(ctx, s, key, r); err != nil {
			return err
		}
	}
	written := make(chan error, 1)
	go func() {
		for i := range 40 {
			if err := s.Set(ctx, key, two[i%2]); err != nil {
				written <- err
				return
			}
		}
		written <- nil
	}()
	var seen error
	for {
		got, err := s.Get(ctx, key)
		if err == nil && same(got, two[0]) != nil {
			err = same(got, two[1])
		}
		if seen == nil {
			seen = err
		}
		select {
		case err := <-written:
			if err := errors.Join(seen, err); err != nil {
				return err
			}
			return holds(ctx, s, key, two[1])
		default:
		}
	}
}

func aliasing(ctx context.Context, s token.Storage) error {
	key, r := token.Key{Provider: newProvider(), User: "alice"}, newRecord()
	given := *r.Token
	if err := s.Set(ctx, key, r); err != nil {
		return err
	}
	got, err := s.Get(ctx, key)
	if err != nil {
		return err
	}
	if err := s.Set(ctx, key, newRecord()); err != nil {
		return err
	}
	if err := sameToken(r.Token, &given); err != nil {
		return fmt.Errorf("what was given to Set was changed by a later Set: %w", err)
	}
	if err := sameToken(got.Token, &given); err != nil {
		return fmt.Errorf("what Get had returned was changed by a later Set: %w", err)
	}
	return nil
}
