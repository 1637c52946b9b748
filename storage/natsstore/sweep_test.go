package natsstore_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/waltz-oauth/waltz/storage/natsstore"
	"github.com/waltz-oauth/waltz/token"
)

func TestSweepRemovesWhatDeleteLeft(t *testing.T) {
	t.Parallel()
	url := empty(t)
	s := open(t, url)
	user := func(i int) token.Key { return token.Key{Provider: "github", User: fmt.Sprint(i)} }
	const n = 10
	for i := range n {
		set(t, s, user(i), record("a"))
	}
	for i := range n - 1 {
		remove(t, s, user(i))
	}
	remove(t, s, token.Key{Provider: "github", User: "never"})
	if err := s.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := messages(t, url); got != n+1 {
		t.Errorf("after a sweep there are %d messages, want %d: those of less than an hour", got, n+1)
	}
	if err := s.SweepOlder(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	if got := messages(t, url); got != 1 {
		t.Errorf("after a sweep of all there are %d messages, want 1", got)
	}
	load(t, s, user(n-1))
}

// Records come and go while others sweep. None that was set is swept.
func TestSweepRemovesNothingThatWasStoredSince(t *testing.T) {
	t.Parallel()
	s := open(t, empty(t))
	ctx, cancel := context.WithCancel(t.Context())
	var sweepers sync.WaitGroup
	for range 2 {
		sweepers.Go(func() {
			for {
				err := s.SweepOlder(ctx, 0)
				if ctx.Err() != nil {
					return
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	var writers sync.WaitGroup
	for w := range 8 {
		writers.Go(func() { comeAndGo(t, s, token.Key{Provider: "github", User: fmt.Sprint(w)}) })
	}
	writers.Wait()
	cancel()
	sweepers.Wait()
}

func comeAndGo(t *testing.T, s *natsstore.Storage, key token.Key) {
	for range 100 {
		if err := s.Set(t.Context(), key, record("a")); err != nil {
			t.Error(err)
		}
		r, err := s.Load(t.Context(), key)
		if err != nil {
			t.Error("it was set and swept:", err)
			return
		}
		if _, err := s.Swap(t.Context(), key, r.Version, record("b")); err != nil {
			t.Error("it was set and swept:", err)
		}
		if err := s.Delete(t.Context(), key); err != nil {
			t.Error(err)
		}
		if _, err := s.Load(t.Context(), key); !errors.Is(err, token.ErrNotFound) {
			t.Error("it was deleted:", err)
		}
	}
}
