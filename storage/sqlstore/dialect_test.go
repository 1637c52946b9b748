package sqlstore_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz/storage/sqlstore"
	"github.com/waltz-oauth/waltz/storage/sqlstore/sqlite"
	"github.com/waltz-oauth/waltz/storage/storagetest"
	"github.com/waltz-oauth/waltz/token"
)

// A dialect that has everything its own way keeps the promises too. SQLite understands enough of
// how others speak to show it.
func TestPromisesInAnotherDialect(t *testing.T) {
	t.Parallel()
	d := sqlite.Dialect()
	d.Quote, d.Numbered, d.UseIndex, d.Unprepared, d.OneWriter = "`", true, "", true, false
	d.Clock = "1700000000000001"
	s := speaking(t, d)
	storagetest.Run(t, func(*testing.T) token.Storage { return s })

	key := token.Key{Provider: "github"}
	set(t, s, key, record("a"))
	if now := load(t, s, key).Now; now.UnixMicro() != 1700000000000001 {
		t.Errorf("Now is %v, which is not the engine's clock", now)
	}
	if query, _ := s.Getting(key); !strings.Contains(query, "`waltz_tokens` WHERE provider = $1 AND user_id = $2 AND account = $3") {
		t.Errorf("the statement is %q", query)
	}
}

// A trigger stands for a deadlock: it fails each write until it is gone.
func TestRetryIsTheDialects(t *testing.T) {
	t.Parallel()
	key := token.Key{Provider: "github"}
	for _, c := range []struct {
		name   string
		drop   int // at which try the trigger goes away
		within bool
		tries  int
		fails  bool
	}{
		{"soon", 3, false, 3, false},
		{"never", 100, false, 49, true},
		{"in the caller's transaction", 1, true, 0, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d, tries := sqlite.Dialect(), 0
			db := database(t, filepath.Join(t.TempDir(), "app.db"))
			d.Retry = func(err error) bool {
				if !strings.Contains(err.Error(), "deadlock") {
					t.Errorf("asked about %v", err)
				}
				if tries++; tries == c.drop {
					must(t, db, "DROP TRIGGER deadlock")
				}
				return true
			}
			s := storage(t, db, sqlstore.Config{Dialect: d})
			if err := s.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			must(t, db, "CREATE TRIGGER deadlock BEFORE INSERT ON waltz_tokens BEGIN SELECT RAISE(ABORT, 'deadlock'); END")
			if c.within {
				tx, err := db.BeginTx(t.Context(), nil)
				if err != nil {
					t.Fatal(err)
				}
				defer func() { _ = tx.Rollback() }()
				s = s.Tx(tx)
			}
			if err := s.Set(t.Context(), key, record("a")); (err != nil) != c.fails {
				t.Errorf("got error %v", err)
			}
			if tries != c.tries {
				t.Errorf("the dialect was asked %d times, want %d", tries, c.tries)
			}
		})
	}
}

// Writers that wait for each other must not wait in the connections that readers need.
func TestWaitingWritersHoldOneConnection(t *testing.T) {
	t.Parallel()
	s, db := migrated(t)
	key := token.Key{Provider: "github"}
	set(t, s, key, record("a"))
	tx, err := db.BeginTx(t.Context(), nil) // the writer that all wait for
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if err := s.Set(ctx, key, record("b")); !errors.Is(err, context.Canceled) {
				t.Errorf("got error %v", err)
			}
		})
	}
	inUse(t, db, 2)
	for range 20 {
		if n := db.Stats().InUse; n > 2 {
			t.Errorf("%d connections are in use, want that of the transaction and one", n)
			break
		}
		time.Sleep(time.Millisecond)
	}
	load(t, s, key)
	cancel()
	wg.Wait()
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
}

func speaking(t *testing.T, d sqlstore.Dialect) *sqlstore.Storage {
	t.Helper()
	s := storage(t, database(t, filepath.Join(t.TempDir(), "app.db")), sqlstore.Config{Dialect: d})
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}
