package sqlstore_test

import (
	"database/sql"
	"path/filepath"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz/storage/sqlstore"
	"github.com/waltz-oauth/waltz/storage/sqlstore/sqlite"
	"github.com/waltz-oauth/waltz/token"
)

func inUse(t *testing.T, db *sql.DB, n int) {
	t.Helper()
	for range 10_000 {
		if db.Stats().InUse >= n {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatalf("%d connections are in use, want %d", db.Stats().InUse, n)
}

func migrated(t testing.TB) (*sqlstore.Storage, *sql.DB) {
	t.Helper()
	db := database(t, filepath.Join(t.TempDir(), "app.db"))
	s := storage(t, db, sqlstore.Config{Dialect: sqlite.Dialect()})
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s, db
}

func database(t testing.TB, path string) *sql.DB {
	t.Helper()
	db, err := sqlite.OpenDB(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func storage(t testing.TB, db *sql.DB, c sqlstore.Config) *sqlstore.Storage {
	t.Helper()
	s, err := sqlstore.New(db, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func record(name string) token.Record {
	return token.New(&token.Token{AccessToken: "fake-" + name})
}

func must(t *testing.T, db *sql.DB, statement string) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

func set(t testing.TB, s token.Storage, key token.Key, r token.Record) {
	t.Helper()
	if err := s.Set(t.Context(), key, r); err != nil {
		t.Fatal(err)
	}
}

func load(t *testing.T, s token.Versioned, key token.Key) token.Record {
	t.Helper()
	r, err := s.Load(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func count(t *testing.T, s token.Lister, f token.Filter) (n int) {
	t.Helper()
	for _, err := range s.List(t.Context(), f) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	return n
}
