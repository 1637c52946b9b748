package sqlstore_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz/storage/sqlstore"
	"github.com/waltz-oauth/waltz/storage/sqlstore/sqlite"
	"github.com/waltz-oauth/waltz/token"
)

func TestApplicationsColumnsSurvive(t *testing.T) {
	t.Parallel()
	s, db := migrated(t)
	must(t, db, `ALTER TABLE waltz_tokens ADD COLUMN note TEXT DEFAULT 'new'`)
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
}

func TestTxCommitsWithTheCallers(t *testing.T) {
	t.Parallel()
	s, db := migrated(t)
	must(t, db, `CREATE TABLE users (id TEXT PRIMARY KEY)`)
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
}

// A version that came again would let a writer who saw the old record take the new one for it.
func TestVersionNeverComesAgain(t *testing.T) {
	t.Parallel()
	s, _ := migrated(t)
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
}

func TestTooMuchIsRefused(t *testing.T) {
	t.Parallel()
	s, _ := migrated(t)
	long, longer := strings.Repeat("x", 4096), strings.Repeat("x", 4097)
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
}

func TestRecordWithoutToken(t *testing.T) {
	t.Parallel()
	s, _ := migrated(t)
	key := token.Key{Provider: "github"}
	set(t, s, key, record("a"))
	set(t, s, key, token.Record{Grant: "g"})
	if r := load(t, s, key); r.Token != nil || r.Grant != "g" {
		t.Errorf("got %v", r)
	}
}

func TestListHoldsNoConnection(t *testing.T) {
	t.Parallel()
	s, db := migrated(t)
	db.SetMaxOpenConns(1) // so that the body would wait for ever if one were held
	for i := range 3 {
		set(t, s, token.Key{Provider: "github", User: fmt.Sprint(i)}, record("a"))
	}
	for e, err := range s.List(t.Context(), token.Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		if n := db.Stats().InUse; n != 0 {
			t.Errorf("%d connections are in use", n)
		}
		if err := s.Delete(t.Context(), e.Key); err != nil {
			t.Fatal(err)
		}
	}
	if n := count(t, s, token.Filter{}); n != 0 {
		t.Errorf("%d records are left", n)
	}
}

// More than two pages, of which the loop's body takes away what it saw.
func TestListOfManyPages(t *testing.T) {
	t.Parallel()
	s, db := migrated(t)
	const n = 1203
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		r := record("a")
		r.RefreshAt = time.Unix(int64(n-i), 0)
		set(t, s.Tx(tx), token.Key{Provider: "github", User: fmt.Sprintf("%04d", i)}, r)
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	for _, f := range []token.Filter{{}, {Provider: "github"}, {Due: time.Unix(n, 0)}} {
		seen := 0
		for e, err := range s.List(t.Context(), f) {
			if err != nil {
				t.Fatal(err)
			}
			if want := fmt.Sprintf("%04d", seen); e.Key.User != want {
				t.Fatalf("%v: entry %s, want %s", f, e.Key.User, want)
			}
			seen++
		}
		if seen != n {
			t.Errorf("%v: %d entries, want %d", f, seen, n)
		}
	}
	deleted := 0
	for e, err := range s.List(t.Context(), token.Filter{Due: time.Unix(n, 0)}) {
		if err != nil {
			t.Fatal(err)
		}
		if deleted++; deleted > 600 {
			break
		}
		if err := s.Delete(t.Context(), e.Key); err != nil {
			t.Fatal(err)
		}
	}
	if got := count(t, s, token.Filter{}); got != n-600 {
		t.Errorf("%d are left, want %d", got, n-600)
	}
}

func TestDueIsExactBelowAMicrosecond(t *testing.T) {
	t.Parallel()
	s, _ := migrated(t)
	at := time.Date(2031, 1, 1, 0, 0, 0, 1500, time.UTC)
	r := record("a")
	r.RefreshAt = at
	set(t, s, token.Key{Provider: "github"}, r)
	for due, want := range map[time.Time]int{at.Add(-1): 0, at: 1, at.Add(1): 1} {
		if n := count(t, s, token.Filter{Due: due}); n != want {
			t.Errorf("%v before: %d are due, want %d", at.Sub(due), n, want)
		}
	}
}

func TestCloseLeavesNothing(t *testing.T) {
	before := runtime.NumGoroutine()
	for range 3 {
		s, err := sqlite.Open(filepath.Join(t.TempDir(), "tokens.db"))
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		key := token.Key{Provider: "github"}
		set(t, s, key, record("a"))
		if _, err := s.Get(ctx, key); err != nil {
			t.Fatal(err)
		}
		for _, err := range s.List(ctx, token.Filter{}) {
			if err != nil {
				t.Fatal(err)
			}
			break
		}
		cancel()
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if err := s.Set(t.Context(), key, record("a")); err == nil {
			t.Error("Set on a closed storage succeeds")
		}
	}
	for range 200 { // those that end take a moment
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	stacks := make([]byte, 1<<16)
	t.Errorf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
}

func TestCloseLeavesTheCallersDatabase(t *testing.T) {
	t.Parallel()
	s, db := migrated(t)
	set(t, s, token.Key{Provider: "github"}, record("a"))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Get(t.Context(), token.Key{Provider: "github"}); err == nil || errors.Is(err, token.ErrNotFound) {
		t.Errorf("Get on a closed storage: got error %v", err)
	}
	if err := db.PingContext(t.Context()); err != nil {
		t.Error(err)
	}
}

// A writer that waits for its turn gives up when its context does, not when its turn comes.
func TestWaitingWriterStopsWithItsContext(t *testing.T) {
	t.Parallel()
	s, db := migrated(t)
	key := token.Key{Provider: "github"}
	set(t, s, key, record("a"))
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	first := make(chan error)
	go func() { first <- s.Set(t.Context(), key, record("first")) }()
	inUse(t, db, 2) // it has its turn, and waits for the transaction
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := s.Set(ctx, key, record("second")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got error %v, want one that matches context.DeadlineExceeded", err)
	}
	select {
	case err := <-first:
		t.Fatalf("the first writer did not wait: %v", err)
	default:
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := <-first; err != nil {
		t.Fatal(err)
	}
	if got := load(t, s, key).Token.AccessToken; got != "fake-first" {
		t.Errorf("the token is %q", got)
	}
}

// Dead grants never come due, and there may be many: a list of what is due must not cost them.
func TestDeadGrantsAreNotIndexedAsDue(t *testing.T) {
	t.Parallel()
	s, db := migrated(t)
	r := record("a")
	r.RefreshAt, r.State = time.Unix(1, 0), token.Reauthorize
	set(t, s, token.Key{Provider: "github"}, r)
	var n int
	if err := db.QueryRowContext(t.Context(), "SELECT COUNT(due_at) FROM waltz_tokens").Scan(&n); err != nil || n != 0 {
		t.Errorf("%d rows come due, %v", n, err)
	}
}

func TestReachIsTheEngines(t *testing.T) {
	t.Parallel()
	s, _ := migrated(t)
	if got := token.Reaches(s); got != token.Host {
		t.Errorf("got %v", got)
	}
}

// inUse waits until n connections are in use.
func inUse(t *testing.T, db *sql.DB, n int) {
	t.Helper()
	for range 10_000 {
		if db.Stats().InUse >= n {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatalf("%d connections are in use, want %d", db.Stats().InUse, n)
}

// migrated returns a storage in a new database, and the database.
func migrated(t testing.TB) (*sqlstore.Storage, *sql.DB) {
	t.Helper()
	db := database(t, filepath.Join(t.TempDir(), "app.db"))
	s := storage(t, db, sqlstore.Config{Dialect: sqlite.Dialect()})
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s, db
}

func database(t testing.TB, path string) *sql.DB {
	t.Helper()
	db, err := sqlite.OpenDB(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func storage(t testing.TB, db *sql.DB, c sqlstore.Config) *sqlstore.Storage {
	t.Helper()
	s, err := sqlstore.New(db, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func record(name string) token.Record {
	return token.New(&token.Token{AccessToken: "fake-" + name})
}

func must(t *testing.T, db *sql.DB, statement string) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

func set(t testing.TB, s token.Storage, key token.Key, r token.Record) {
	t.Helper()
	if err := s.Set(t.Context(), key, r); err != nil {
		t.Fatal(err)
	}
}

func load(t *testing.T, s token.Versioned, key token.Key) token.Record {
	t.Helper()
	r, err := s.Load(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func count(t *testing.T, s token.Lister, f token.Filter) (n int) {
	t.Helper()
	for _, err := range s.List(t.Context(), f) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	return n
}
