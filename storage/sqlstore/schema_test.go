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
	"github.com/waltz-oauth/waltz/token"
)

func TestTableNameIsSettable(t *testing.T) {
	on(t, func(t *testing.T, e engine) {
		db := e.database(t)
		key := token.Key{Provider: "github", User: "alice"}
		for _, table := range []string{"", "order", "oauth_2", strings.Repeat("x", 48)} {
			s := storage(t, db, sqlstore.Config{Dialect: e.dialect, Table: table})
			if err := s.Migrate(t.Context()); err != nil {
				t.Errorf("table %q: %v", table, err)
				continue
			}
			set(t, s, key, record(table))
			if got := load(t, s, key).Token.AccessToken; got != "fake-"+table {
				t.Errorf("table %q: got %q", table, got)
			}
		}
	})
}

func TestWrongTableNameIsRefused(t *testing.T) {
	t.Parallel()
	db := database(t, filepath.Join(t.TempDir(), "app.db"))
	for _, table := range []string{" ", "a b", "a;b", `a"b`, "a.b", "1a", "Tokens", "ü", "a\n", "a-b", strings.Repeat("x", 49)} {
		if _, err := sqlstore.New(db, sqlstore.Config{Dialect: sqlite.Dialect(), Table: table}); err == nil {
			t.Errorf("table %q is taken", table)
		}
	}
}

func TestNewWantsADatabaseAndADialect(t *testing.T) {
	t.Parallel()
	if _, err := sqlstore.New(nil, sqlstore.Config{Dialect: sqlite.Dialect()}); err == nil {
		t.Error("no database is taken")
	}
	if _, err := sqlstore.New(database(t, filepath.Join(t.TempDir(), "app.db")), sqlstore.Config{}); err == nil {
		t.Error("no dialect is taken")
	}
}

func TestMigrateAgainChangesNothing(t *testing.T) {
	on(t, func(t *testing.T, e engine) {
		s, db := e.migrated(t)
		key := token.Key{Provider: "github", User: "alice"}
		set(t, s, key, record("a"))
		if err := s.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := s.Check(t.Context()); err != nil {
			t.Error(err)
		}
		load(t, s, key)
		var n int
		if err := db.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM waltz_tokens_schema WHERE version_id = 1").Scan(&n); err != nil || n != 1 {
			t.Errorf("version 1 is noted %d times, %v", n, err)
		}
	})
}

func TestMigrateByManyAtOnce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "tokens.db")
	errs := make([]error, 8)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() {
			s, err := sqlite.Open(path)
			if err == nil {
				err = errors.Join(s.Set(t.Context(), token.Key{Provider: "github"}, record("a")), s.Close())
			}
			errs[i] = err
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Error(err)
	}
}

// Another process has begun: it has made the table of versions and is about to commit the rest.
func TestMigrateWhileAnotherDoes(t *testing.T) {
	t.Parallel()
	db := database(t, filepath.Join(t.TempDir(), "app.db"))
	s := storage(t, db, sqlstore.Config{Dialect: sqlite.Dialect()})
	text, err := s.SQL()
	if err != nil {
		t.Fatal(err)
	}
	const begun = "VALUES (0, TRUE);\n"
	before, after, ok := strings.Cut(text, begun)
	if !ok {
		t.Fatalf("the SQL is %s", text)
	}
	script(t, db, before+begun)
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.ExecContext(t.Context(), after); err != nil {
		t.Fatal(err)
	}
	migrated := make(chan error)
	go func() { migrated <- s.Migrate(t.Context()) }()
	inUse(t, db, 2)
	time.Sleep(20 * time.Millisecond) // until it has seen that version 1 is wanting
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	if err := <-migrated; err != nil {
		t.Error(err)
	}
}

func TestSchemaThatIsNotOurs(t *testing.T) {
	on(t, func(t *testing.T, e engine) {
		for _, c := range []struct {
			name, change string
			check        error
			migrate      error // nil: Migrate mends it
		}{
			{"newer", `INSERT INTO waltz_tokens_schema (version_id, is_applied) VALUES (99, TRUE)`, sqlstore.ErrNewerSchema, sqlstore.ErrNewerSchema},
			{"none", "DROP TABLE waltz_tokens_schema;\nDROP TABLE waltz_tokens", sqlstore.ErrNoSchema, nil},
			{"older", "DELETE FROM waltz_tokens_schema WHERE version_id = 1;\nDROP TABLE waltz_tokens", sqlstore.ErrNoSchema, nil},
			{"no table", `DROP TABLE waltz_tokens`, sqlstore.ErrWrongSchema, sqlstore.ErrWrongSchema},
			{"no column", `ALTER TABLE waltz_tokens DROP COLUMN record`, sqlstore.ErrWrongSchema, sqlstore.ErrWrongSchema},
		} {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				s, db := e.migrated(t)
				script(t, db, c.change)
				if err := s.Check(t.Context()); !errors.Is(err, c.check) {
					t.Errorf("Check: got error %v, want %v", err, c.check)
				}
				if err := s.Migrate(t.Context()); !errors.Is(err, c.migrate) {
					t.Errorf("Migrate: got error %v, want %v", err, c.migrate)
				}
			})
		}
	})
}

func TestMigrateTakesNoTableOfOthers(t *testing.T) {
	on(t, func(t *testing.T, e engine) {
		db := e.database(t)
		must(t, db, `CREATE TABLE waltz_tokens (id INTEGER)`)
		s := e.storage(t, db)
		// The one does not make a table that is there, the others fail to.
		if err := s.Migrate(t.Context()); err == nil || !strings.Contains(err.Error(), "already exists") && !strings.Contains(err.Error(), "Unknown column") {
			t.Errorf("got error %v", err)
		}
	})
}

func TestMigrateStopsWithItsContext(t *testing.T) {
	on(t, func(t *testing.T, e engine) {
		db := e.database(t)
		s := e.storage(t, db)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := s.Migrate(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("Migrate: got error %v", err)
		}
		if err := s.Check(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("Check: got error %v", err)
		}
	})
}

func TestPrintedSQLIsWhatMigrateDoes(t *testing.T) {
	on(t, func(t *testing.T, e engine) {
		_, done := e.migrated(t)
		byHand := e.database(t)
		s := e.storage(t, byHand)
		text, err := s.SQL()
		if err != nil {
			t.Fatal(err)
		}
		script(t, byHand, text)
		if err := s.Check(t.Context()); err != nil {
			t.Errorf("Check: %v", err)
		}
		if err := s.Migrate(t.Context()); err != nil {
			t.Errorf("Migrate: %v", err)
		}
		for _, query := range append(map[string][]string{
			"sqlite": {`SELECT group_concat(sql, ';') FROM (SELECT sql FROM sqlite_schema ORDER BY name)`},
			"postgres": {
				`SELECT string_agg(concat_ws(' ', table_name, column_name, data_type, is_nullable), ';' ORDER BY table_name, ordinal_position)
					FROM information_schema.columns WHERE table_schema = current_schema()`,
				`SELECT string_agg(replace(indexdef, current_schema() || '.', ''), ';' ORDER BY indexname) FROM pg_indexes WHERE schemaname = current_schema()`,
			},
			"mysql": {
				`SELECT GROUP_CONCAT(CONCAT_WS(' ', table_name, column_name, column_type, is_nullable) ORDER BY table_name, ordinal_position)
					FROM information_schema.columns WHERE table_schema = DATABASE()`,
				`SELECT GROUP_CONCAT(CONCAT_WS(' ', table_name, index_name, column_name) ORDER BY table_name, index_name, seq_in_index)
					FROM information_schema.statistics WHERE table_schema = DATABASE()`,
			},
		}[e.name], "SELECT COUNT(*) * 100 + SUM(version_id) FROM waltz_tokens_schema") {
			var want, got string
			if err := done.QueryRowContext(t.Context(), query).Scan(&want); err != nil {
				t.Fatal(err)
			}
			if err := byHand.QueryRowContext(t.Context(), query).Scan(&got); err != nil {
				t.Fatal(err)
			}
			if got != want {
				t.Errorf("by hand:\n%s\nby Migrate:\n%s", got, want)
			}
		}
	})
}
