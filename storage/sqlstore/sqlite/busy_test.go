package sqlite_test

import (
	"database/sql"
	"path/filepath"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz/storage/sqlstore"
	"github.com/waltz-oauth/waltz/storage/sqlstore/sqlite"
	"github.com/waltz-oauth/waltz/token"
)

// Another process may keep the database for longer than the busy time-out, if only because it writes over
// and over.
func TestAWriterOutlastsTheBusyTimeout(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "app.db")
	s, err := sqlite.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	open := func() *sql.DB {
		db, err := sql.Open("sqlite", "file:"+filepath.ToSlash(path)+"?_txlock=immediate&_pragma=busy_timeout(10)")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		return db
	}
	impatient, err := sqlstore.New(open(), sqlstore.Config{Dialect: sqlite.Dialect()})
	if err != nil {
		t.Fatal(err)
	}
	tx, err := open().BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(200*time.Millisecond, func() { _ = tx.Rollback() })
	if err := impatient.Set(t.Context(), token.Key{Provider: "github", User: "alice"}, token.New(&token.Token{AccessToken: "fake-access"})); err != nil {
		t.Error(err)
	}
}
