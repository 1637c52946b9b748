//go:build unix

package sqlstore_test

import (
	"context"
	"database/sql"
	"testing"

	"github.com/waltz-oauth/waltz/internal/enginetest"
	"github.com/waltz-oauth/waltz/storage/sqlstore"
	"github.com/waltz-oauth/waltz/storage/storagetest"
	"github.com/waltz-oauth/waltz/token"
)

// connections are those that a pooler has to the engine.
const connections = 3

// pooled is PostgreSQL behind a pooler that gives each transaction any of its connections. The table is
// made through it too.
func pooled(t *testing.T) (*sqlstore.Storage, *sql.DB) {
	t.Helper()
	e := postgresEngine
	e.empty = func(t testing.TB) string {
		t.Helper()
		return enginetest.StartPooler(t, enginetest.Postgres(t), connections).URL
	}
	return e.migrated(t)
}

func TestPromisesBehindAPooler(t *testing.T) {
	t.Parallel()
	s, db := pooled(t)
	storagetest.Run(t, func(*testing.T) token.Storage { return s })

	// And it was one: what a connection was given for one statement, others have while it is open.
	c, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	given := backend(t, c)
	all := make(map[int]bool)
	for range connections {
		tx, err := db.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = tx.Rollback() })
		all[backend(t, tx)] = true
	}
	if len(all) != connections || !all[given] {
		t.Errorf("process %d was given for one statement, and %v for transactions", given, all)
	}
}

func TestWritersBehindAPoolerLoseNoIncrement(t *testing.T) {
	t.Parallel()
	s, _ := pooled(t)
	key := token.Key{Provider: "github", User: "counter"}
	set(t, s, key, record("a"))
	together(t, writers, func() error {
		for range increments {
			if err := increment(t.Context(), s, key); err != nil {
				return err
			}
		}
		return nil
	})
	if got := load(t, s, key).Generation; got != writers*increments {
		t.Errorf("counted to %d, want %d", got, writers*increments)
	}
}

// backend is the engine's process that a statement is run by.
func backend(t *testing.T, c interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
},
) (pid int) {
	t.Helper()
	if err := c.QueryRowContext(t.Context(), "SELECT pg_backend_pid()").Scan(&pid); err != nil {
		t.Fatal(err)
	}
	return pid
}
