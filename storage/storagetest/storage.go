package storagetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

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

func cancellation(ctx context.Context, s token.Storage) error {
	there := token.Key{Provider: newProvider(), User: "alice"}
	nowhere := token.Key{Provider: there.Provider, User: "bob"}
	r := newRecord()
	if err := s.Set(ctx, there, r); err != nil {
		return err
	}
	done, cancel := context.WithCancel(ctx)
	cancel()
	_, get := s.Get(done, there)
	for _, call := range []struct {
		name string
		err  error
	}{
		{"Get", get},
		{"Set", s.Set(done, there, newRecord())},
		{"Set where nothing is", s.Set(done, nowhere, newRecord())},
		{"Delete", s.Delete(done, there)},
	} {
		if err := canceled(call.name, call.err); err != nil {
			return err
		}
	}
	return errors.Join(holds(ctx, s, there, r), absent(ctx, s, nowhere))
}

// canceled returns an error unless err, which the call returned, matches context.Canceled.
func canceled(call string, err error) error {
	if !errors.Is(err, context.Canceled) {
		return fmt.Errorf("%s: got error %w, want one that matches context.Canceled", call, orNil(err))
	}
	return nil
}

// orNil gives an absent error a text.
func orNil(err error) error {
	if err == nil {
		return errors.New("nil")
	}
	return err
}

// concurrency has eight writers, each with a key of its own, and all with one key between them.
func concurrency(ctx context.Context, s token.Storage) error {
	provider := newProvider()
	shared := token.Key{Provider: provider, User: "shared"}
	return together(8, func(i int) error {
		own := token.Key{Provider: provider, User: fmt.Sprintf("user%d", i)}
		for range 10 {
			r := newRecord()
			if err := s.Set(ctx, own, r); err != nil {
				return err
			}
			if err := s.Set(ctx, shared, newRecord()); err != nil {
				return err
			}
			if err := holds(ctx, s, own, r); err != nil {
				return err
			}
			if got, err := s.Get(ctx, shared); err == nil && got.Token == nil || err != nil && !errors.Is(err, token.ErrNotFound) {
				return fmt.Errorf("the key that all share: %w", orNil(err))
			}
			if err := s.Delete(ctx, shared); err != nil {
				return err
			}
		}
		return s.Delete(ctx, own)
	})
}

// together calls f(0) to f(n-1) at once and returns their errors.
func together(n int, f func(i int) error) error {
	all := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { all[i] = f(i) })
	}
	wg.Wait()
	return errors.Join(all...)
}

// secrecy makes a storage fail in every way that can be had from outside.
func secrecy(ctx context.Context, s token.Storage) error {
	const canary = "fake-canary-7Q2"
	provider := newProvider()
	t := &token.Token{AccessToken: canary, RefreshToken: canary + "r", Secret: canary + "s"}
	there := token.Key{Provider: provider, User: "alice"}
	if err := s.Set(ctx, there, token.New(t)); err != nil {
		return err
	}
	notUTF8 := *t
	notUTF8.TokenType = canary + "\xff" // which JSON cannot hold
	huge := *t
	huge.RefreshToken = strings.Repeat(canary, 10_000)
	done, cancel := context.WithCancel(ctx)
	cancel()

	_, get := s.Get(done, there)
	_, missing := s.Get(ctx, token.Key{Provider: provider, User: "nobody"})
	errs := []error{
		get,
		missing,
		s.Set(done, there, token.New(t)),
		s.Delete(done, there),
		s.Set(ctx, token.Key{Provider: provider, User: "a\x00\xff "}, token.New(t)),
		s.Set(ctx, token.Key{Provider: provider, User: "bob"}, token.New(&notUTF8)),
		s.Set(ctx, token.Key{Provider: provider, User: "carol"}, token.New(&huge)),
	}
	if v, ok := token.As[token.Versioned](s); ok {
		_, err := v.Swap(ctx, there, "stale", token.New(t))
		errs = append(errs, err)
	}
	for _, err := range errs {
		if err != nil && strings.Contains(fmt.Sprintf("%v %+v", err, err), canary) {
			return errors.New("an error holds the token: " + strings.ReplaceAll(err.Error(), canary, "[token]"))
		}
	}
	return nil
}

func honesty(ctx context.Context, s token.Storage) error {
	key := token.Key{Provider: newProvider(), User: "alice"}
	if v, ok := s.(token.Versioned); ok {
		if _, can := token.As[token.Versioned](s); !can {
			_, load := v.Load(ctx, key)
			_, swap := v.Swap(ctx, key, "", newRecord())
			if err := errors.Join(unsupported("Load", load), unsupported("Swap", swap)); err != nil {
				return err
			}
		}
	}
	if l, ok := s.(token.Lister); ok {
		if _, can := token.As[token.Lister](s); !can {
			var list error
			for _, list = range l.List(ctx, token.Filter{Provider: key.Provider}) {
				break
			}
			if err := unsupported("List", list); err != nil {
				return err
			}
		}
	}
	if w, ok := s.(token.Watcher); ok {
		if _, can := token.As[token.Watcher](s); !can {
			done, cancel := context.WithCancel(ctx)
			cancel()
			return unsupported("Watch", w.Watch(done, func(token.Key) {}))
		}
	}
	return nil
}

func unsupported(call string, err error) error {
	if !errors.Is(err, errors.ErrUnsupported) {
		return fmt.Errorf("%s: got error %w, want one that matches errors.ErrUnsupported", call, orNil(err))
	}
	return nil
}
