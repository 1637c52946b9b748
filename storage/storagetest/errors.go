package storagetest

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/waltz-oauth/waltz/token"
)

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
