package postgres_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/waltz-oauth/waltz/internal/enginetest"
	"github.com/waltz-oauth/waltz/storage/sqlstore"
	"github.com/waltz-oauth/waltz/storage/sqlstore/postgres"
	"github.com/waltz-oauth/waltz/storage/storagetest"
	"github.com/waltz-oauth/waltz/token"
)

func TestOpenWantsASchema(t *testing.T) {
	t.Parallel()
	url := enginetest.Postgres(t)
	if _, err := postgres.Open(url); !errors.Is(err, sqlstore.ErrNoSchema) || !strings.Contains(err.Error(), "waltz migrate") {
		t.Errorf("got error %v", err)
	}
	migrate(t, url)
	s, err := postgres.Open(url)
	if err != nil {
		t.Fatal(err)
	}
	key := token.Key{Provider: "github", User: "alice"}
	if err := s.Set(t.Context(), key, token.New(&token.Token{AccessToken: "fake-access"})); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Get(t.Context(), key); err == nil || errors.Is(err, token.ErrNotFound) {
		t.Errorf("Get on a closed storage: got error %v", err)
	}
}

// A pooler may hand the next transaction to another connection, which has none of what was left in
// the first one: statements, settings, locks. So nothing is left, and nothing is missed.
func TestNothingIsLeftInAConnectionBehindAPooler(t *testing.T) {
	t.Parallel()
	db, err := postgres.OpenDB(enginetest.Postgres(t) + "&default_query_exec_mode=exec")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	s, err := sqlstore.New(db, sqlstore.Config{Dialect: postgres.Dialect()})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Run("promises", func(t *testing.T) { storagetest.Run(t, func(*testing.T) token.Storage { return s }) })
	// Each of the connections that are open may be the one that is asked.
	for range db.Stats().OpenConnections {
		c, err := db.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		var left int
		if err := c.QueryRowContext(t.Context(), `SELECT (SELECT COUNT(*) FROM pg_prepared_statements)
			+ (SELECT COUNT(*) FROM pg_listening_channels()) + (SELECT COUNT(*) FROM pg_settings WHERE source = 'session')
			+ (SELECT COUNT(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid())`).Scan(&left); err != nil || left != 0 {
			t.Errorf("%d things are left in a connection, %v", left, err)
		}
	}
}

func TestURLThatCannotBeReadTellsNoPassword(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"",
		"dbname=app password=fake-secret",
		"mysql://app:fake-secret@127.0.0.1/app",
		"postgres://app:fake-secret/x@127.0.0.1/app",
		"postgres://app:fake-secret%zz@127.0.0.1/app",
		"postgres://app:fake-secret@127.0.0.1:port/app",
		"postgres://app:fake-secret@127.0.0.1/app?sslmode=fake-mode",
		"postgres://app@127.0.0.1/app?password=fake-secret&connect_timeout=x",
	} {
		_, err := postgres.OpenDB(url)
		if err == nil {
			t.Errorf("%q is taken", url)
		} else if strings.Contains(err.Error(), "fake-secret") {
			t.Errorf("the error tells the password: %v", err)
		}
	}
}

func TestServerThatIsNotThereIsNotASchemaThatIsNotThere(t *testing.T) {
	t.Parallel()
	_, err := postgres.Open("postgres://app:fake-secret@127.0.0.1:1/app")
	if err == nil || errors.Is(err, sqlstore.ErrNoSchema) || strings.Contains(err.Error(), "fake-secret") {
		t.Errorf("got error %v", err)
	}
}

func TestRunAgainWhatChangedNothing(t *testing.T) {
	t.Parallel()
	for code, again := range map[string]bool{"40001": true, "40P01": true, "23505": false} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			db, err := postgres.OpenDB(enginetest.Postgres(t))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = db.Close() })
			tries, d := 0, postgres.Dialect()
			retry := d.Retry
			d.Retry = func(err error) bool {
				if tries++; tries == 3 {
					if _, err := db.ExecContext(t.Context(), "DROP TRIGGER fails ON waltz_tokens"); err != nil {
						t.Error(err)
					}
				}
				return retry(err)
			}
			s, err := sqlstore.New(db, sqlstore.Config{Dialect: d})
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			for _, statement := range []string{
				"CREATE FUNCTION fails() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'failed' USING ERRCODE = '" + code + "'; END $$",
				"CREATE TRIGGER fails BEFORE INSERT ON waltz_tokens EXECUTE FUNCTION fails()",
			} {
				if _, err := db.ExecContext(t.Context(), statement); err != nil {
					t.Fatal(err)
				}
			}
			err = s.Set(t.Context(), token.Key{Provider: "github"}, token.New(&token.Token{AccessToken: "fake-access"}))
			if (err == nil) != again || again != (tries == 3) {
				t.Errorf("after %d tries: %v", tries, err)
			}
		})
	}
}

func migrate(t *testing.T, url string) {
	t.Helper()
	db, err := postgres.OpenDB(url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	s, err := sqlstore.New(db, sqlstore.Config{Dialect: postgres.Dialect()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
}
