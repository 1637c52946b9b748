package pgbus_test

import (
	"database/sql"
	"strings"
	"testing"

	"github.com/waltz-oauth/waltz/internal/enginetest"
	"github.com/waltz-oauth/waltz/storage/cache/internal/cachetest"
	"github.com/waltz-oauth/waltz/storage/cache/pgbus"
)

func postgres(t *testing.T) (url string, db *sql.DB) {
	t.Helper()
	url = enginetest.Postgres(t)
	db, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return url, db
}

func TestBusKeepsItsPromises(t *testing.T) {
	t.Parallel()
	url, db := postgres(t)
	b, err := pgbus.New(pgbus.Config{DB: db, URL: url, Channel: `waltz "test"`})
	if err != nil {
		t.Fatal(err)
	}
	cachetest.Bus(t, b, b)
}

// A connection that is lost is noticed at once where the server says so.
func TestLostSubscriptionEnds(t *testing.T) {
	t.Parallel()
	url, db := postgres(t)
	const name = "waltz_pgbus_test"
	separator := "?"
	if strings.Contains(url, "?") {
		separator = "&"
	}
	b, err := pgbus.New(pgbus.Config{DB: db, URL: url + separator + "application_name=" + name})
	if err != nil {
		t.Fatal(err)
	}
	ready, ended := make(chan struct{}, 1), make(chan error, 1)
	go func() {
		ended <- b.Subscribe(t.Context(), func() { ready <- struct{}{} }, func(string) {})
	}()
	select {
	case <-ready:
	case err := <-ended:
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1", name); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err == nil {
		t.Error("it ended without an error")
	}
}

func TestWhatCannotWorkIsRefusedWithoutThePassword(t *testing.T) {
	t.Parallel()
	const secret = "fake-secret"
	for i, c := range []pgbus.Config{
		{},
		{URL: "postgres://host/db"},
		{DB: new(sql.DB)},
		{DB: new(sql.DB), URL: "postgres://u:" + secret + "@host:port/db"},
		{DB: new(sql.DB), URL: "postgres://u:" + secret + "%zz@host/db"},
		{DB: new(sql.DB), URL: "password=" + secret + " nonsense"},
	} {
		if _, err := pgbus.New(c); err == nil {
			t.Errorf("config %d was taken", i)
		} else if strings.Contains(err.Error(), secret) {
			t.Error("the error has the password")
		}
	}
}
