package mysql_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/waltz-oauth/waltz/internal/enginetest"
	"github.com/waltz-oauth/waltz/storage/sqlstore"
	"github.com/waltz-oauth/waltz/storage/sqlstore/mysql"
	"github.com/waltz-oauth/waltz/token"
)

func TestOpenWantsASchema(t *testing.T) {
	t.Parallel()
	url := enginetest.MySQL(t)
	if _, err := mysql.Open(url); !errors.Is(err, sqlstore.ErrNoSchema) || !strings.Contains(err.Error(), "waltz migrate") {
		t.Errorf("got error %v", err)
	}
	migrated(t, url, mysql.Dialect())
	s, err := mysql.Open(url)
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

// The engine commits each statement of a migration by itself, so it may have been stopped after any.
func TestMigrateGoesOnWhereItWasStopped(t *testing.T) {
	t.Parallel()
	for name, undo := range map[string][]string{
		"before the versions have a row": {"DROP TABLE waltz_tokens", "DELETE FROM waltz_tokens_schema"},
		"before the table is made":       {"DROP TABLE waltz_tokens", "DELETE FROM waltz_tokens_schema WHERE version_id = 1"},
		"before its version is noted":    {"DELETE FROM waltz_tokens_schema WHERE version_id = 1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := enginetest.MySQL(t)
			s := migrated(t, url, mysql.Dialect())
			exec(t, url, undo...)
			if err := s.Check(t.Context()); !errors.Is(err, sqlstore.ErrNoSchema) {
				t.Errorf("Check: got error %v", err)
			}
			if err := s.Migrate(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestURLThatCannotBeReadTellsNoPassword(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"",
		"app:fake-secret@tcp(127.0.0.1)/app",
		"postgres://app:fake-secret@127.0.0.1/app",
		"mysql://app:fake-secret@127.0.0.1",
		"mysql://app:fake-secret/x@127.0.0.1/app",
		"mysql://app:fake-secret%zz@127.0.0.1/app",
		"mysql://app:fake-secret@127.0.0.1:port/app",
		"mysql://app:fake-secret@127.0.0.1/app?timeout=x",
	} {
		_, err := mysql.OpenDB(url)
		if err == nil {
			t.Errorf("%q is taken", url)
		} else if strings.Contains(err.Error(), "fake-secret") {
			t.Errorf("the error tells the password: %v", err)
		}
	}
}

func TestServerThatIsNotThereIsNotASchemaThatIsNotThere(t *testing.T) {
	t.Parallel()
	_, err := mysql.Open("mysql://app:fake-secret@127.0.0.1:1/app")
	if err == nil || errors.Is(err, sqlstore.ErrNoSchema) || strings.Contains(err.Error(), "fake-secret") {
		t.Errorf("got error %v", err)
	}
}

func TestRunAgainWhatChangedNothing(t *testing.T) {
	t.Parallel()
	for code, again := range map[int]bool{1020: true, 1205: true, 1213: true, 1062: false} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			t.Parallel()
			url := enginetest.MySQL(t)
			tries, d := 0, mysql.Dialect()
			retry := d.Retry
			d.Retry = func(err error) bool {
				if tries++; tries == 3 {
					exec(t, url, "DROP TRIGGER fails")
				}
				return retry(err)
			}
			s := migrated(t, url, d)
			exec(t, url, fmt.Sprintf("CREATE TRIGGER fails BEFORE INSERT ON waltz_tokens FOR EACH ROW SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = %d", code))
			err := s.Set(t.Context(), token.Key{Provider: "github"}, token.New(&token.Token{AccessToken: "fake-access"}))
			if (err == nil) != again || again != (tries == 3) {
				t.Errorf("after %d tries: %v", tries, err)
			}
		})
	}
}

func migrated(t *testing.T, url string, d sqlstore.Dialect) *sqlstore.Storage {
	t.Helper()
	db, err := mysql.OpenDB(url)
	if err != nil {
		t.Fatal(err)
	}
	s, err := sqlstore.New(db, sqlstore.Config{Dialect: d, Owned: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

func exec(t *testing.T, url string, statements ...string) {
	t.Helper()
	db, err := mysql.OpenDB(url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, statement := range statements {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
}
