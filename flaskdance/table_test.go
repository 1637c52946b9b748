package flaskdance_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz/flaskdance"
	"github.com/waltz-oauth/waltz/storage/storagetest"
	"github.com/waltz-oauth/waltz/token"
)

func TestTableKeepsItsPromises(t *testing.T) {
	on(t, func(t *testing.T, e engine) {
		s := e.table(t, e.wide(t), flaskdance.TableConfig{Account: "account"})
		storagetest.Run(t, func(*testing.T) token.Storage { return s })
	})
}

func TestWhatGoWritesIsWhatFlaskDanceWrites(t *testing.T) {
	on(t, func(t *testing.T, e engine) {
		db := e.made(t, "user", user(e, 7))
		s := e.table(t, db, flaskdance.TableConfig{})
		set(t, s, token.Key{Provider: "github", User: "7"},
			token.New(&token.Token{AccessToken: "fake-é", TokenType: "bearer", Expiry: time.Unix(1_900_000_000, 123_456_000)}))
		var got map[string]any
		text := scan[string](t, db, "SELECT CAST(token AS CHAR(5000)) FROM flask_dance_oauth WHERE provider = 'github' AND user_id = 7")
		if err := json.Unmarshal([]byte(text), &got); err != nil {
			t.Fatal(err)
		}
		if got["access_token"] != "fake-é" || got["expires_at"] != 1900000000.123456 {
			t.Errorf("the row has %v", got)
		}
		if strings.ContainsFunc(text, func(r rune) bool { return r > 127 }) {
			t.Error("the text is not ASCII")
		}
		created := scan[string](t, db, "SELECT CAST(created_at AS CHAR(40)) FROM flask_dance_oauth")
		if at, err := time.Parse("2006-01-02 15:04:05.999999", strings.TrimSpace(created)); err != nil || time.Since(at).Abs() > time.Hour {
			t.Errorf("created_at is %q, %v", created, err)
		}
		if e.name == "sqlite" && len(created) != len("2024-05-06 08:50:50.224557") {
			t.Errorf("created_at is %q, which SQLAlchemy cannot read", created)
		}
	})
}

// user is a statement that makes a user.
func user(e engine, id int) string {
	quoted := `"user"`
	if e.name == "mysql" {
		quoted = "`user`"
	}
	return fmt.Sprintf("INSERT INTO %s (id, name) VALUES (%d, 'Alice')", quoted, id)
}

// flaskSet is what SQLAlchemyStorage.set does.
func flaskSet(ctx context.Context, db *sql.DB, provider, text string) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	for _, statement := range []string{
		"DELETE FROM flask_dance_oauth WHERE provider = '" + provider + "'",
		"INSERT INTO flask_dance_oauth (provider, created_at, token) VALUES ('" + provider + "', '2024-05-06 08:50:50.224557', '" + text + "')",
	} {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return errors.Join(err, tx.Rollback())
		}
	}
	return tx.Commit()
}

func TestWritersOfBothSidesLeaveOneRow(t *testing.T) {
	on(t, func(t *testing.T, e engine) {
		db := e.made(t, "no-user")
		s, other := e.table(t, db, flaskdance.TableConfig{}), e.table(t, db, flaskdance.TableConfig{})
		for round := range 5 {
			key := token.Key{Provider: fmt.Sprint("p", round)} // first without a row, then with one
			var wg sync.WaitGroup
			for i := range 4 {
				wg.Go(func() {
					for range 3 {
						if err := [2]*flaskdance.Table{s, other}[i%2].Set(t.Context(), key, record("go")); err != nil {
							t.Error(err)
						}
					}
				})
			}
			wg.Go(func() { // one, since two of Flask-Dance's own leave two rows on PostgreSQL
				for range 3 {
					err := flaskSet(t.Context(), db, key.Provider, `{"access_token": "fake-flask"}`)
					if err != nil && !strings.Contains(err.Error(), "1213") { // a deadlock undoes Flask-Dance's on MariaDB
						t.Error(err)
					}
				}
			})
			wg.Wait()
			if n := scan[int](t, db, "SELECT COUNT(*) FROM flask_dance_oauth WHERE provider = '"+key.Provider+"'"); n != 1 {
				t.Errorf("%d rows are left", n)
			}
		}
	})
}

func TestOfTwoRowsTheNewestCountsAndAWriteLeavesOne(t *testing.T) {
	on(t, func(t *testing.T, e engine) {
		db := e.made(t, "no-user")
		s := e.table(t, db, flaskdance.TableConfig{})
		for name, write := range map[string]func(key token.Key) error{
			"set": func(key token.Key) error { return s.Set(t.Context(), key, record("go")) },
			"swap": func(key token.Key) error {
				_, err := s.Swap(t.Context(), key, load(t, s, key).Version, record("go"))
				return err
			},
			"delete": func(key token.Key) error { return s.Delete(t.Context(), key) },
		} {
			key := token.Key{Provider: name}
			for _, which := range []string{"older", "newer"} {
				run(t, db, "INSERT INTO flask_dance_oauth (provider, created_at, token) VALUES ('"+name+
					"', '2024-05-06 08:50:50.224557', '{\"access_token\": \"fake-"+which+"\"}')")
			}
			if got := load(t, s, key).Token.AccessToken; got != "fake-newer" {
				t.Errorf("%s: got %s", name, got)
			}
			if err := write(key); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			want := 1
			if name == "delete" {
				want = 0
			} else if got := load(t, s, key).Token.AccessToken; got != "fake-go" {
				t.Errorf("%s: got %s", name, got)
			}
			if n := scan[int](t, db, "SELECT COUNT(*) FROM flask_dance_oauth WHERE provider = '"+name+"'"); n != want {
				t.Errorf("%s: %d rows are left, want %d", name, n, want)
			}
		}
	})
}

func TestAWriteWaitsForOneOfFlasksThatIsUnderWay(t *testing.T) {
	on(t, func(t *testing.T, e engine) {
		if e.name == "sqlite" { // not as this project opens it, whose transactions all begin with the lock
			e.open = func(name string) (*sql.DB, error) {
				return sql.Open("sqlite", "file:"+filepath.ToSlash(name)+"?_pragma=busy_timeout(10000)")
			}
		}
		db := e.made(t, "no-user", `INSERT INTO flask_dance_oauth (provider, created_at, token) VALUES ('other', '2024-05-06 08:50:50', '{}')`)
		tx, err := db.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, statement := range []string{
			"DELETE FROM flask_dance_oauth WHERE provider = 'github'",
			`INSERT INTO flask_dance_oauth (provider, created_at, token) VALUES ('github', '2024-05-06 08:50:50', '{"access_token": "fake-flask"}')`,
		} {
			if _, err := tx.ExecContext(t.Context(), statement); err != nil {
				t.Fatal(err)
			}
		}
		s, key := e.table(t, db, flaskdance.TableConfig{}), token.Key{Provider: "github"}
		stored := make(chan error, 1)
		go func() { stored <- s.Set(t.Context(), key, record("go")) }()
		select {
		case err := <-stored:
			t.Errorf("it did not wait: %v", err)
			stored <- err
		case <-time.After(300 * time.Millisecond): // for a write that does not wait to happen
		}
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
		if err := <-stored; err != nil {
			t.Fatal(err)
		}
		if n := scan[int](t, db, "SELECT COUNT(*) FROM flask_dance_oauth WHERE provider = 'github'"); n != 1 {
			t.Errorf("%d rows are left", n)
		}
		if got := load(t, s, key).Token.AccessToken; got != "fake-go" {
			t.Errorf("got %s", got)
		}
	})
}

func TestWhatFlaskDanceStoresTakesARefreshsPlace(t *testing.T) {
	on(t, func(t *testing.T, e engine) {
		db, key := e.made(t, "no-user"), token.Key{Provider: "github"}
		s := e.table(t, db, flaskdance.TableConfig{})
		set(t, s, key, record("a"))
		claimed := load(t, s, key)
		if err := flaskSet(t.Context(), db, "github", `{"access_token": "fake-flask", "refresh_token": "fake-r", "expires_at": 1900000000.5}`); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Swap(t.Context(), key, claimed.Version, record("b")); !errors.Is(err, token.ErrConflict) {
			t.Errorf("got error %v", err)
		}
		now := load(t, s, key)
		if now.Token.AccessToken != "fake-flask" || now.Grant == "" || now.Grant == claimed.Grant || now.RefreshAt.IsZero() {
			t.Errorf("got %v, due %v", now, now.RefreshAt)
		}
		if again := load(t, s, key); again.Grant != now.Grant || again.Version != now.Version {
			t.Error("it is another grant or version when it is read again")
		}
	})
}

// A Flask application may copy a token with all its members and change it.
func TestNotesOfAnotherTokenDoNotCount(t *testing.T) {
	on(t, func(t *testing.T, e engine) {
		db, key := e.made(t, "no-user"), token.Key{Provider: "github"}
		s := e.table(t, db, flaskdance.TableConfig{})
		r := record("a")
		r.State, r.Reason = token.Reauthorize, "invalid_grant"
		set(t, s, key, r)
		text := scan[string](t, db, "SELECT CAST(token AS CHAR(5000)) FROM flask_dance_oauth")
		if err := flaskSet(t.Context(), db, "github", strings.Replace(strings.TrimSpace(text), "fake-a", "fake-new", 1)); err != nil {
			t.Fatal(err)
		}
		if got := load(t, s, key); got.State != token.Active || got.Grant == r.Grant || got.Token.AccessToken != "fake-new" {
			t.Errorf("got %v", got)
		}
		if _, has := load(t, s, key).Token.Extra("_waltz"); has {
			t.Error("the token has the notes as a member")
		}
	})
}

// So that rows that are only moved come out as they went in.
func TestARowOfFlaskDancesGoesInAsItCameOut(t *testing.T) {
	on(t, func(t *testing.T, e engine) {
		db := e.made(t, "no-user")
		s := e.table(t, db, flaskdance.TableConfig{})
		const text = `{"access_token": "fake-a", "refresh_token": "fake-r", "expires_at": 1900000000.123456, "n": 1.10}`
		if err := flaskSet(t.Context(), db, "github", text); err != nil {
			t.Fatal(err)
		}
		r := load(t, s, token.Key{Provider: "github"})
		set(t, s, token.Key{Provider: "moved"}, r)
		got := scan[string](t, db, "SELECT CAST(token AS CHAR(5000)) FROM flask_dance_oauth WHERE provider = 'moved'")
		if strings.TrimSpace(got) != strings.NewReplacer(", ", ",", ": ", ":").Replace(text) {
			t.Errorf("got %s", got)
		}
		set(t, s, token.Key{Provider: "moved"}, r) // over a row, a version must not come again
		if v := load(t, s, token.Key{Provider: "moved"}); v.Grant != r.Grant || v.Version == r.Version {
			t.Errorf("got %v", v)
		}
	})
}

// A request in Flask that counts down expires_in in a row that it holds writes the whole token back.
func TestAnOldRowOfFlaskIsNotWrittenOverANewToken(t *testing.T) {
	on(t, func(t *testing.T, e engine) {
		db, key := e.made(t, "no-user"), token.Key{Provider: "github"}
		s := e.table(t, db, flaskdance.TableConfig{})
		set(t, s, key, record("a"))
		id := scan[int](t, db, "SELECT id FROM flask_dance_oauth")
		if _, err := s.Swap(t.Context(), key, load(t, s, key).Version, record("b")); err != nil {
			t.Fatal(err)
		}
		kept := scan[int](t, db, fmt.Sprintf("SELECT COUNT(*) FROM flask_dance_oauth WHERE id = %d", id)) == 1
		if kept != (e.name == "mysql") { // MariaDB: docs/decisions/012-flask-dance-table.md
			t.Errorf("the row keeps its id: %t", kept)
		}
	})
}

func TestFurtherColumnsAreLeftAlone(t *testing.T) {
	on(t, func(t *testing.T, e engine) {
		db, key := e.wide(t), token.Key{Provider: "github", User: "alice"}
		s := e.table(t, db, flaskdance.TableConfig{})
		set(t, s, key, record("a"))
		run(t, db, "UPDATE flask_dance_oauth SET note = 'kept'")
		set(t, s, key, record("b"))
		if _, err := s.Swap(t.Context(), key, load(t, s, key).Version, record("c")); err != nil {
			t.Fatal(err)
		}
		if note := scan[string](t, db, "SELECT note FROM flask_dance_oauth"); note != "kept" {
			t.Errorf("it is %q", note)
		}
	})
}

func TestNamesCanBeOthers(t *testing.T) {
	on(t, func(t *testing.T, e engine) {
		db := e.made(t, "no-user", "ALTER TABLE flask_dance_oauth ADD COLUMN owner VARCHAR(255)", "ALTER TABLE flask_dance_oauth RENAME COLUMN provider TO service",
			"ALTER TABLE flask_dance_oauth RENAME COLUMN token TO secret", "ALTER TABLE flask_dance_oauth RENAME COLUMN created_at TO made_at",
			"ALTER TABLE flask_dance_oauth RENAME COLUMN id TO number", "ALTER TABLE flask_dance_oauth RENAME TO logins")
		s := e.table(t, db, flaskdance.TableConfig{Table: "logins", ID: "number", Provider: "service", CreatedAt: "made_at", Token: "secret", User: "owner"})
		key := token.Key{Provider: "github", User: "alice"}
		set(t, s, key, record("a"))
		set(t, s, key, record("b"))
		if got := load(t, s, key).Token.AccessToken; got != "fake-b" {
			t.Errorf("got %s", got)
		}
		if owner := scan[string](t, db, "SELECT owner FROM logins"); owner != "alice" {
			t.Errorf("the owner is %q", owner)
		}
	})
}

func TestKeysThatTheColumnsCannotHoldAreRefused(t *testing.T) {
	on(t, func(t *testing.T, e engine) {
		db := e.made(t, "user", user(e, 7))
		s := e.table(t, db, flaskdance.TableConfig{})
		for _, key := range []token.Key{
			{Provider: "p", User: "alice"},
			{Provider: "p", User: "07"},
			{Provider: "p", User: " 7"},
			{Provider: "p", User: "+7"},
			{Provider: "p", User: "99999999999999999999"},
			{Provider: "p", User: "7", Account: "work"},
			{Provider: "p\x00"},
			{Provider: "\xff"},
		} {
			if err := s.Set(t.Context(), key, record("a")); !errors.Is(err, token.ErrKey) {
				t.Errorf("%s: got error %v", key, err)
			}
		}
		if err := s.Set(t.Context(), token.Key{Provider: strings.Repeat("p", 51), User: "7"}, record("a")); errors.Is(err, token.ErrKey) != (e.name != "sqlite") {
			t.Errorf("51 characters: got error %v", err)
		}
		if n := scan[int](t, db, "SELECT COUNT(*) FROM flask_dance_oauth WHERE provider = 'p'"); n != 0 {
			t.Errorf("%d rows were stored", n)
		}
		set(t, s, token.Key{Provider: "p", User: "7"}, record("a"))
		for _, key := range []token.Key{{Provider: "p", User: "7"}, {Provider: "p"}} {
			if _, err := s.Get(t.Context(), key); (err == nil) != (key.User == "7") {
				t.Errorf("%s: got error %v", key, err)
			}
		}
	})
}

// The multi-user model wants more of a row than a key says: such rows are read and refreshed, not made.
func TestRowsOfTheMultiUserModelAreRefreshed(t *testing.T) {
	on(t, func(t *testing.T, e engine) {
		db := e.made(t, "provider-user-id", user(e, 7),
			`INSERT INTO flask_dance_oauth (provider, created_at, token, provider_user_id, user_id) VALUES ('github', '2024-05-06 08:50:50', '{"access_token": "fake-old"}', 'gh-7', 7)`)
		s, key := e.table(t, db, flaskdance.TableConfig{}), token.Key{Provider: "github", User: "7"}
		if _, err := s.Swap(t.Context(), key, load(t, s, key).Version, record("new")); err != nil {
			t.Fatal(err)
		}
		if id := scan[string](t, db, "SELECT provider_user_id FROM flask_dance_oauth"); id != "gh-7" {
			t.Errorf("provider_user_id is %q", id)
		}
		if err := s.Set(t.Context(), token.Key{Provider: "gitlab", User: "7"}, record("a")); err == nil || strings.Contains(err.Error(), "fake-") {
			t.Errorf("a new row: got error %v", err)
		}
	})
}

func TestATableThatIsWrongIsAnErrorOfTheFirstCall(t *testing.T) {
	on(t, func(t *testing.T, e engine) {
		db := e.made(t, "no-user")
		for want, c := range map[string]flaskdance.TableConfig{
			"no table":         {Table: "logins"},
			"no column owner":  {User: "owner"},
			"no column secret": {Token: "secret"},
		} {
			_, err := e.table(t, db, c).Get(t.Context(), token.Key{Provider: "github"})
			if err == nil || errors.Is(err, token.ErrNotFound) || !strings.Contains(err.Error(), want) {
				t.Errorf("got error %v, want %q", err, want)
			}
		}
		if e.name == "postgresql" {
			run(t, db, "ALTER TABLE flask_dance_oauth ALTER COLUMN token TYPE jsonb")
			if err := e.table(t, db, flaskdance.TableConfig{}).Set(t.Context(), token.Key{Provider: "p"}, record("a")); err == nil || !strings.Contains(err.Error(), "jsonb") {
				t.Errorf("jsonb: got error %v", err)
			}
		}
		for _, c := range []flaskdance.TableConfig{{}, {Dialect: e.dialect, Table: `a"b`}, {Dialect: e.dialect, User: "a b"}, {Dialect: e.dialect, Token: "t; --"}} {
			if _, err := flaskdance.NewTable(db, c); err == nil {
				t.Errorf("%+v is taken", c)
			}
		}
	})
}

func TestRowsOfManyPages(t *testing.T) {
	t.Parallel()
	e := engines[0]
	db := e.made(t, "no-user")
	run(t, db, `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1203)
INSERT INTO flask_dance_oauth (provider, created_at, token) SELECT 'p' || i, '2024-05-06 08:50:50.224557', '{"access_token": "fake"}' FROM n`)
	s := e.table(t, db, flaskdance.TableConfig{})
	last := int64(3)
	for row, err := range s.Rows(t.Context(), last) {
		if err != nil || row.Err != nil || row.ID != last+1 || row.Record.Token.AccessToken != "fake" {
			t.Fatalf("after %d: got %d, %v, %v", last, row.ID, row.Err, err)
		}
		last = row.ID
	}
	if last != 1203 {
		t.Errorf("the last is %d", last)
	}
}
