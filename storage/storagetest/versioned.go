package storagetest

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/waltz-oauth/waltz/token"
)

// versionedPromises are those of a storage that several writers may share.
func versionedPromises() []promise[token.Versioned] {
	return []promise[token.Versioned]{
		{"versioned/load", "Load returns what was last set or swapped, with the version that Get has, or an error that matches ErrNotFound.", loads},
		{"versioned/swap", "Swap stores the record if old is what is stored, and returns the version that Load then gives.", swaps},
		{"versioned/conflict", "where old is not what is stored, Swap returns ErrConflict and changes nothing.", conflicts},
		{"versioned/absence", "Swap never creates: where nothing is stored it returns ErrConflict.", swapsNothing},
		{"versioned/refusal", "a record that cannot be given back exactly is refused by Swap, which then changes nothing.", swapRefuses},
		{"versioned/never again", "every write makes a version that the key has never had, Delete and Set of the same record included.", neverAgain},
		{"versioned/ignored", "Version and Now of a record that is stored are ignored.", ignoresVersion},
		{"versioned/cancellation", "Load and Swap return the error of a context that is done and change nothing.", cancelsVersioned},
		{"versioned/increments", "of writers who load, swap, and try again on a conflict, none loses an update.", increments},
	}
}

// begin stores a record and loads it again.
func begin(ctx context.Context, s token.Versioned) (token.Key, token.Record, error) {
	key := token.Key{Provider: newProvider(), User: "alice", Account: "work"}
	r := newRecord()
	if err := s.Set(ctx, key, r); err != nil {
		return key, r, err
	}
	loaded, err := loadsAs(ctx, s, key, r)
	return key, loaded, err
}

// loadsAs loads what is at key, which must be want.
func loadsAs(ctx context.Context, s token.Versioned, key token.Key, want token.Record) (token.Record, error) {
	got, err := s.Load(ctx, key)
	if err != nil {
		return got, err
	}
	if got.Version == "" {
		return got, errors.New("Load gave no Version")
	}
	if err := same(got, want); err != nil {
		return got, fmt.Errorf("Load: %w", err)
	}
	return got, nil
}

func loads(ctx context.Context, s token.Versioned) error {
	key, first, err := begin(ctx, s)
	if err != nil {
		return err
	}
	got, err := s.Get(ctx, key)
	if err != nil {
		return err
	}
	if got.Version != first.Version {
		return fmt.Errorf("Get gave version %q, and Load %q", got.Version, first.Version)
	}
	next := newRecord()
	if err := s.Set(ctx, key, next); err != nil {
		return err
	}
	if _, err := loadsAs(ctx, s, key, next); err != nil {
		return err
	}
	if err := s.Delete(ctx, key); err != nil {
		return err
	}
	if _, err := s.Load(ctx, key); !errors.Is(err, token.ErrNotFound) {
		return fmt.Errorf("Load after Delete: got error %w, want one that matches token.ErrNotFound", orNil(err))
	}
	return nil
}

func swaps(ctx context.Context, s token.Versioned) error {
	key, r, err := begin(ctx, s)
	if err != nil {
		return err
	}
	other, before := token.Key{Provider: key.Provider, User: key.User, Account: "home"}, newRecord()
	if err := s.Set(ctx, other, before); err != nil {
		return err
	}
	for range 3 {
		next := newRecord()
		version, err := s.Swap(ctx, key, r.Version, next)
		if err != nil {
			return fmt.Errorf("with the version that is stored: %w", err)
		}
		if r, err = loadsAs(ctx, s, key, next); err != nil {
			return err
		}
		if r.Version != version {
			return fmt.Errorf("Swap returned version %q, and Load then gave %q", version, r.Version)
		}
		if err := holds(ctx, s, key, next); err != nil {
			return err
		}
	}
	return holds(ctx, s, other, before)
}

func conflicts(ctx context.Context, s token.Versioned) error {
	key, r, err := begin(ctx, s)
	if err != nil {
		return err
	}
	next := newRecord()
	if _, err := s.Swap(ctx, key, r.Version, next); err != nil {
		return err
	}
	now, err := s.Load(ctx, key)
	if err != nil {
		return err
	}
	for _, old := range []token.Version{r.Version, "", now.Version + "0", "0", "never"} {
		if err := conflict(s.Swap(ctx, key, old, newRecord())); err != nil {
			return fmt.Errorf("old is %q, and %q is stored: %w", old, now.Version, err)
		}
		after, err := loadsAs(ctx, s, key, next)
		if err != nil {
			return fmt.Errorf("after a conflict: %w", err)
		}
		if after.Version != now.Version {
			return fmt.Errorf("a conflict changed the version from %q to %q", now.Version, after.Version)
		}
	}
	return nil
}

// conflict returns an error unless a Swap that returned err found a conflict.
func conflict(_ token.Version, err error) error {
	if !errors.Is(err, token.ErrConflict) {
		return fmt.Errorf("got error %w, want one that matches token.ErrConflict", orNil(err))
	}
	return nil
}

func swapsNothing(ctx context.Context, s token.Versioned) error {
	key, r, err := begin(ctx, s)
	if err != nil {
		return err
	}
	if err := s.Delete(ctx, key); err != nil {
		return err
	}
	never := token.Key{Provider: key.Provider, User: "nobody"}
	for _, key := range []token.Key{key, never} {
		for _, old := range []token.Version{r.Version, "", "0", "never"} {
			if err := conflict(s.Swap(ctx, key, old, newRecord())); err != nil {
				return fmt.Errorf("nothing is stored, and old is %q: %w", old, err)
			}
			if err := absent(ctx, s, key); err != nil {
				return err
			}
		}
	}
	return nil
}

func swapRefuses(ctx context.Context, s token.Versioned) error {
	key, r, err := begin(ctx, s)
	if err != nil {
		return err
	}
	huge := newRecord()
	huge.Token = &token.Token{AccessToken: strings.Repeat("x", 60_000)}
	switch _, err := s.Swap(ctx, key, r.Version, huge); {
	case err == nil:
		_, err := loadsAs(ctx, s, key, huge)
		return err
	case !refused(err):
		return err
	}
	after, err := loadsAs(ctx, s, key, r)
	if err == nil && after.Version != r.Version {
		err = errors.New("a refused Swap changed the version")
	}
	return err
}

func cancelsVersioned(ctx context.Context, s token.Versioned) error {
	key, r, err := begin(ctx, s)
	if err != nil {
		return err
	}
	done, cancel := context.WithCancel(ctx)
	cancel()
	_, load := s.Load(done, key)
	_, swap := s.Swap(done, key, r.Version, newRecord())
	if err := errors.Join(canceled("Load", load), canceled("Swap", swap)); err != nil {
		return err
	}
	after, err := loadsAs(ctx, s, key, r)
	if err == nil && after.Version != r.Version {
		err = errors.New("a Swap that was cancelled changed the version")
	}
	return err
}
