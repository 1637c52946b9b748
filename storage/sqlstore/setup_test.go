package sqlstore_test

import (
	"database/sql"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz/storage/sqlstore"
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
	return sqliteEngine.migrated(t)
}

func database(t testing.TB, path string) *sql.DB {
	t.Helper()
	return sqliteEngine.named(t, path)
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

func set(t testing.TB, s token.Storage, key token.Key, r token.Record) {
	t.Helper()
	if err := s.Set(t.Context(), key, r); err != nil {
		t.Fatal(err)
	}
}

func migrate(t testing.TB, s *sqlstore.Storage) {
	t.Helper()
	if err := s.Migrate(t.Context()); err != nil {
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
