package flask

import (
	"database/sql"
	"net/http"
	"path/filepath"
	"testing"

	"github.com/waltz-oauth/waltz/flaskdance"
	"github.com/waltz-oauth/waltz/internal/enginetest"
	"github.com/waltz-oauth/waltz/storage/sqlstore/postgres"
	"github.com/waltz-oauth/waltz/storage/sqlstore/sqlite"
	"github.com/waltz-oauth/waltz/token"
	"github.com/waltz-oauth/waltz/waltztest"
)

func newProvider(t *testing.T, rotation waltztest.Rotation) *waltztest.Server {
	t.Helper()
	return waltztest.New(t, waltztest.Config{Behaviour: waltztest.Behaviour{
		WithoutPKCE: true, // which Flask-Dance has had since 7.0
		Rotation:    rotation,
	}})
}

// shared is a database that both applications use, once as SQLAlchemy names it.
func shared(t *testing.T, engine string) (alchemist string, db *sql.DB, d flaskdance.Dialect) {
	t.Helper()
	var err error
	if engine == "sqlite" {
		at := filepath.Join(t.TempDir(), "app.db")
		alchemist, d = "sqlite:///"+at, flaskdance.SQLite()
		db, err = sqlite.OpenDB(at)
	} else {
		at := enginetest.Postgres(t)
		alchemist, d = alchemy(t, at), flaskdance.PostgreSQL()
		db, err = postgres.OpenDB(at)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return alchemist, db, d
}

func table(t *testing.T, db *sql.DB, d flaskdance.Dialect) *flaskdance.Table {
	t.Helper()
	s, err := flaskdance.NewTable(db, flaskdance.TableConfig{Dialect: d})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestBothSidesServeOneLoginInTurns(t *testing.T) {
	t.Parallel()
	for _, where := range []string{"session", "sqlite", "postgresql"} {
		t.Run(where, func(t *testing.T) {
			t.Parallel()
			idp := newProvider(t, waltztest.RotateStrict)
			var s token.Storage
			var database string
			if where == "session" {
				var err error
				if s, err = flaskdance.NewSession(flaskdance.SessionConfig{SecretKey: secretKey}); err != nil {
					t.Fatal(err)
				}
			} else {
				alchemist, db, d := shared(t, where)
				s, database = table(t, db, d), alchemist
			}
			flask := startFlask(t, idp, database)
			ours := startGo(t, idp, s)
			p := newPerson(t, flask, "1", "1001")
			if p.one(t, flask, ours) != "" {
				t.Fatal("there is a token before anybody logged in")
			}

			seen := make(map[string]bool)
			for _, login := range []string{flask, ours} {
				p.logIn(t, login)
				for _, refresh := range []string{flask, ours, ours, flask} {
					access := p.one(t, flask, ours)
					if access == "" || seen[access] {
						t.Fatalf("the token is not a new one: there is one: %t", access != "")
					}
					seen[access] = true
					calls := idp.Calls(waltztest.Refresh)
					p.do(t, http.MethodGet, flask+"/api")
					p.do(t, http.MethodGet, ours+"/api")
					if n := idp.Calls(waltztest.Refresh) - calls; n != 0 {
						t.Errorf("a fresh token was refreshed %d times", n)
					}
					p.do(t, http.MethodPost, flask+"/expire")
					p.do(t, http.MethodGet, refresh+"/api")
					p.do(t, http.MethodGet, flask+"/api")
					p.do(t, http.MethodGet, ours+"/api")
					if n := idp.Calls(waltztest.Refresh) - calls; n != 1 {
						t.Errorf("an expired token was refreshed %d times", n)
					}
				}
				p.do(t, http.MethodPost, login+"/disconnect")
				if p.one(t, flask, ours) != "" {
					t.Error("there is a token after it was disconnected")
				}
			}
		})
	}
}
