package sqlstore_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/waltz-oauth/waltz/storage/sqlstore/sqlite"
	"github.com/waltz-oauth/waltz/token"
)

func TestCloseLeavesNothing(t *testing.T) {
	before := goleak.IgnoreCurrent()
	for range 3 {
		s, err := sqlite.Open(filepath.Join(t.TempDir(), "tokens.db"))
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		key := token.Key{Provider: "github"}
		set(t, s, key, record("a"))
		if _, err := s.Get(ctx, key); err != nil {
			t.Fatal(err)
		}
		for _, err := range s.List(ctx, token.Filter{}) {
			if err != nil {
				t.Fatal(err)
			}
			break
		}
		cancel()
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if err := s.Set(t.Context(), key, record("a")); err == nil {
			t.Error("Set on a closed storage succeeds")
		}
	}
	goleak.VerifyNone(t, before)
}

func TestCloseLeavesTheCallersDatabase(t *testing.T) {
	t.Parallel()
	s, db := migrated(t)
	set(t, s, token.Key{Provider: "github"}, record("a"))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Get(t.Context(), token.Key{Provider: "github"}); err == nil || errors.Is(err, token.ErrNotFound) {
		t.Errorf("Get on a closed storage: got error %v", err)
	}
	if err := db.PingContext(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestWaitingWriterStopsWithItsContext(t *testing.T) {
	t.Parallel()
	s, db := migrated(t)
	key := token.Key{Provider: "github"}
	set(t, s, key, record("a"))
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	first := make(chan error)
	go func() { first <- s.Set(t.Context(), key, record("first")) }()
	inUse(t, db, 2) // it has its turn, and waits for the transaction
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := s.Set(ctx, key, record("second")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got error %v, want one that matches context.DeadlineExceeded", err)
	}
	select {
	case err := <-first:
		t.Fatalf("the first writer did not wait: %v", err)
	default:
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := <-first; err != nil {
		t.Fatal(err)
	}
	if got := load(t, s, key).Token.AccessToken; got != "fake-first" {
		t.Errorf("the token is %q", got)
	}
}
