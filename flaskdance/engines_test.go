package flaskdance_test

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/waltz-oauth/waltz/flaskdance"
	"github.com/waltz-oauth/waltz/internal/enginetest"
	"github.com/waltz-oauth/waltz/storage/sqlstore/mysql"
	"github.com/waltz-oauth/waltz/storage/sqlstore/postgres"
	"github.com/waltz-oauth/waltz/storage/sqlstore/sqlite"
	"github.com/waltz-oauth/waltz/token"
)

type engine struct {
	name    string
	dialect flaskdance.Dialect
	empty   func(testing.TB) string // makes an empty database
	open    func(string) (*sql.DB, error)
}

var engines = []engine{
	{"sqlite", flaskdance.SQLite(), func(t testing.TB) string { return filepath.Join(t.TempDir(), "app.db") }, sqlite.OpenDB},
	{"postgresql", flaskdance.PostgreSQL(), enginetest.Postgres, postgres.OpenDB},
	{"mysql", flaskdance.MariaDB(), enginetest.MySQL, mysql.OpenDB},
}

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

// made is a database with the tables that SQLAlchemy made for one of the models of testdata/ddl.
func (e engine) made(t testing.TB, model string, more ...string) *sql.DB {
	t.Helper()
	db, err := e.open(e.empty(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	ddl := read(t, "testdata/ddl/"+e.name+"-"+model+".sql")
	var tables []string
	for statement := range strings.SplitSeq(ddl, ";\n") {
		if strings.Contains(statement, "oauth") {
			tables = append(tables, statement)
		} else {
			tables = append([]string{statement}, tables...) // that of users, which the other refers to
		}
	}
	run(t, db, append(tables, more...)...)
	return db
}

func read(t testing.TB, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.FromSlash(name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func run(t testing.TB, db *sql.DB, statements ...string) {
	t.Helper()
	for _, statement := range statements {
		if strings.TrimSpace(statement) == "" {
			continue
		}
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%v: %s", err, statement)
		}
	}
}

// wide is a table that holds any ordinary key.
func (e engine) wide(t testing.TB) *sql.DB {
	t.Helper()
	return e.made(t, "no-user", "ALTER TABLE flask_dance_oauth ADD COLUMN user_id VARCHAR(255)",
		"ALTER TABLE flask_dance_oauth ADD COLUMN account VARCHAR(255)",
		"ALTER TABLE flask_dance_oauth ADD COLUMN note VARCHAR(40) DEFAULT 'new'",
		"CREATE INDEX flask_dance_oauth_provider ON flask_dance_oauth (provider)")
}

func (e engine) table(t testing.TB, db *sql.DB, c flaskdance.TableConfig) *flaskdance.Table {
	t.Helper()
	c.Dialect = e.dialect
	s, err := flaskdance.NewTable(db, c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// dumped is a database that a dump of testdata was loaded into.
func dumped(t testing.TB, name string) (*flaskdance.Table, *sql.DB) {
	t.Helper()
	e, text := engines[0], read(t, "testdata/"+name)
	at := e.empty(t)
	if strings.HasPrefix(name, "postgresql") {
		e = engines[1]
		at = e.empty(t)
		text = regexp.MustCompile(`(?m)^(--.*|SET .*|SELECT pg_catalog.set_config.*)$`).ReplaceAllString(text, "")
		text = strings.ReplaceAll(text, "public.", "")
	}
	db, err := e.open(at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if e.name == "sqlite" {
		run(t, db, "PRAGMA foreign_keys = OFF; "+text+"; PRAGMA foreign_keys = ON") // the dump has users last
	} else {
		run(t, db, strings.Split(text, ";\n")...)
	}
	return e.table(t, db, flaskdance.TableConfig{}), db
}

func scan[T any](t testing.TB, db *sql.DB, query string) (v T) {
	t.Helper()
	if err := db.QueryRowContext(context.WithoutCancel(t.Context()), query).Scan(&v); err != nil {
		t.Fatalf("%v: %s", err, query)
	}
	return v
}

func record(access string) token.Record {
	return token.New(&token.Token{AccessToken: "fake-" + access, RefreshToken: "fake-refresh", TokenType: "bearer"})
}

func set(t testing.TB, s token.Storage, key token.Key, r token.Record) {
	t.Helper()
	if err := s.Set(t.Context(), key, r); err != nil {
		t.Fatal(err)
	}
}

func load(t testing.TB, s token.Versioned, key token.Key) token.Record {
	t.Helper()
	r, err := s.Load(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
