//go:build unix

package enginetest_test

import (
	"database/sql"
	"testing"

	"github.com/waltz-oauth/waltz/internal/enginetest"
)

func TestServerKeepsWhatItHasThroughItsDeath(t *testing.T) {
	t.Parallel()
	s := enginetest.StartPostgres(t)
	db, err := sql.Open("pgx", s.URL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if _, err := db.ExecContext(t.Context(), "CREATE TABLE kept (id INTEGER)"); err != nil {
		t.Fatal(err)
	}
	s.Kill()
	if err := db.PingContext(t.Context()); err == nil {
		t.Error("a server that was killed answers")
	}
	s.Start(t)
	if _, err := db.ExecContext(t.Context(), "INSERT INTO kept VALUES (1)"); err != nil {
		t.Error(err)
	}
}

func TestDatabasesAreApart(t *testing.T) {
	t.Parallel()
	if first, second := enginetest.Postgres(t), enginetest.Postgres(t); first == second {
		t.Error("the same PostgreSQL database came twice")
	}
	if first, second := enginetest.MySQL(t), enginetest.MySQL(t); first == second {
		t.Error("the same MariaDB database came twice")
	}
}

func TestSharedServersAnswer(t *testing.T) {
	t.Parallel()
	t.Log(enginetest.Redis(t), enginetest.NATS(t))
}
