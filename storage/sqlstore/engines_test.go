package sqlstore_test

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"

	"github.com/waltz-oauth/waltz/internal/enginetest"
	"github.com/waltz-oauth/waltz/storage/sqlstore"
	"github.com/waltz-oauth/waltz/storage/sqlstore/mysql"
	"github.com/waltz-oauth/waltz/storage/sqlstore/postgres"
	"github.com/waltz-oauth/waltz/storage/sqlstore/sqlite"
	"github.com/waltz-oauth/waltz/token"
)

type engine struct {
	name    string
	dialect sqlstore.Dialect
	empty   func(testing.TB) string // makes an empty database
	open    func(string) (*sql.DB, error)
	reach   token.Reach
}

var (
	sqliteEngine   = engine{"sqlite", sqlite.Dialect(), file, sqlite.OpenDB, token.Host}
	postgresEngine = engine{"postgres", postgres.Dialect(), enginetest.Postgres, postgres.OpenDB, token.Network}
	mysqlEngine    = engine{"mysql", mysql.Dialect(), enginetest.MySQL, mysql.OpenDB, token.Network}
	engines        = []engine{sqliteEngine, postgresEngine, mysqlEngine}
)

// on runs a test on every engine.
func on(t *testing.T, test func(*testing.T, engine)) {
	t.Helper()
	t.Parallel()
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			test(t, e)
		})
	}
}

func file(t testing.TB) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "app.db")
}

// named opens the database that empty made.
func (e engine) named(t testing.TB, name string) *sql.DB {
	t.Helper()
	db, err := e.open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func (e engine) database(t testing.TB) *sql.DB {
	t.Helper()
	return e.named(t, e.empty(t))
}

func (e engine) storage(t testing.TB, db *sql.DB) *sqlstore.Storage {
	t.Helper()
	return storage(t, db, sqlstore.Config{Dialect: e.dialect})
}

func (e engine) migrated(t testing.TB) (*sqlstore.Storage, *sql.DB) {
	t.Helper()
	db := e.database(t)
	s := e.storage(t, db)
	migrate(t, s)
	return s, db
}

func must(t testing.TB, db *sql.DB, statement string) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

// script runs statements that each end in ";\n".
func script(t testing.TB, db *sql.DB, statements string) {
	t.Helper()
	for statement := range strings.SplitSeq(strings.TrimSuffix(statements, ";\n"), ";\n") {
		must(t, db, statement)
	}
}
