package sqlstore_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/waltz-oauth/waltz/token"
)

func TestApplicationsColumnsSurvive(t *testing.T) {
	on(t, func(t *testing.T, e engine) {
		s, db := e.migrated(t)
		must(t, db, `ALTER TABLE waltz_tokens ADD COLUMN note VARCHAR(40) DEFAULT 'new'`)
		key := token.Key{Provider: "github", User: "alice"}
		note := func() (n string) {
			t.Helper()
			if err := db.QueryRowContext(t.Context(), "SELECT note FROM waltz_tokens").Scan(&n); err != nil {
				t.Fatal(err)
			}
			return n
		}
		set(t, s, key, record("a"))
		if got := note(); got != "new" {
			t.Errorf("after the first Set the column is %q, want its default", got)
		}
		must(t, db, `UPDATE waltz_tokens SET note = 'kept'`)
		set(t, s, key, record("b"))
		if got := note(); got != "kept" {
			t.Errorf("after a second Set the column is %q", got)
		}
		if _, err := s.Swap(t.Context(), key, load(t, s, key).Version, record("c")); err != nil {
			t.Fatal(err)
		}
		if got := note(); got != "kept" {
			t.Errorf("after Swap the column is %q", got)
		}
		if got := load(t, s, key).Token.AccessToken; got != "fake-c" {
			t.Errorf("the token is %q", got)
		}
	})
}

func TestTxCommitsWithTheCallers(t *testing.T) {
	on(t, func(t *testing.T, e engine) {
		s, db := e.migrated(t)
		must(t, db, `CREATE TABLE users (id VARCHAR(40) PRIMARY KEY)`)
		key := token.Key{Provider: "github", User: "alice"}
		for _, commit := range []bool{false, true} {
			tx, err := db.BeginTx(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := tx.ExecContext(t.Context(), `INSERT INTO users VALUES ('alice')`); err != nil {
				t.Fatal(err)
			}
			within := s.Tx(tx)
			set(t, within, key, record("a"))
			if _, err := within.Swap(t.Context(), key, load(t, within, key).Version, record("b")); err != nil {
				t.Fatal(err)
			}
			if n := count(t, within, token.Filter{}); n != 1 {
				t.Errorf("%d records are listed within the transaction, want 1", n)
			}
			if _, err := s.Get(t.Context(), key); !errors.Is(err, token.ErrNotFound) {
				t.Errorf("seen before the commit: %v", err)
			}
			if err := within.Close(); err != nil {
				t.Fatal(err)
			}
			end, want := tx.Rollback, 0
			if commit {
				end, want = tx.Commit, 1
			}
			if err := end(); err != nil {
				t.Fatal(err)
			}
			if n := count(t, s, token.Filter{}); n != want {
				t.Errorf("commit %t: %d records, want %d", commit, n, want)
			}
		}
	})
}

func TestVersionNeverComesAgain(t *testing.T) {
	on(t, func(t *testing.T, e engine) {
		s, _ := e.migrated(t)
		key := token.Key{Provider: "github", User: "alice"}
		seen := make(map[token.Version]bool)
		for range 20 {
			set(t, s, key, record("same"))
			v := load(t, s, key).Version
			if v == "" || seen[v] {
				t.Fatalf("version %q came again", v)
			}
			seen[v] = true
			if err := s.Delete(t.Context(), key); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestTooMuchIsRefused(t *testing.T) {
	on(t, func(t *testing.T, e engine) {
		s, _ := e.migrated(t)
		long := strings.Repeat("x", e.dialect.MaxKey)
		longer := long + "x"
		huge := record("a")
		huge.Token = &token.Token{AccessToken: strings.Repeat("x", 9<<20)}
		subject := record("a")
		subject.Subject = longer
		for _, c := range []struct {
			name string
			key  token.Key
			r    token.Record
			want error
		}{
			{"longest key", token.Key{Provider: long, User: long, Account: long}, record("a"), nil},
			{"provider", token.Key{Provider: longer}, record("a"), token.ErrKey},
			{"user", token.Key{Provider: "p", User: longer}, record("a"), token.ErrKey},
			{"account", token.Key{Provider: "p", Account: longer}, record("a"), token.ErrKey},
			{"subject", token.Key{Provider: "p"}, subject, token.ErrTooLarge},
			{"token", token.Key{Provider: "p"}, huge, token.ErrTooLarge},
		} {
			before := count(t, s, token.Filter{})
			err := s.Set(t.Context(), c.key, c.r)
			if !errors.Is(err, c.want) {
				t.Errorf("%s: got error %.200v, want %v", c.name, err, c.want)
			}
			if after := count(t, s, token.Filter{}); err != nil && after != before {
				t.Errorf("%s: refused, and stored", c.name)
			}
		}
	})
}

func TestRecordWithoutToken(t *testing.T) {
	on(t, func(t *testing.T, e engine) {
		s, _ := e.migrated(t)
		key := token.Key{Provider: "github"}
		set(t, s, key, record("a"))
		set(t, s, key, token.Record{Grant: "g"})
		if r := load(t, s, key); r.Token != nil || r.Grant != "g" {
			t.Errorf("got %v", r)
		}
	})
}

func TestReachIsTheEngines(t *testing.T) {
	on(t, func(t *testing.T, e engine) {
		s, _ := e.migrated(t)
		if got := token.Reaches(s); got != e.reach {
			t.Errorf("got %v", got)
		}
	})
}
