//go:build soak

package sqlstore_test

import (
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz/internal/benchtest"
	"github.com/waltz-oauth/waltz/storage/sqlstore"
	"github.com/waltz-oauth/waltz/token"
)

func TestSoakOneKey(t *testing.T) {
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) { storm(t, e, time.Minute) })
	}
}

// What is found by an index takes no longer in a large table. The medians are logged, for each number
// of rows in WALTZ_SOAK_ROWS, "10000 1000000 10000000" unless it is set.
func TestSoakRows(t *testing.T) {
	for _, e := range []engine{sqliteEngine, postgresEngine} {
		t.Run(e.name, func(t *testing.T) {
			s, db := e.migrated(t)
			db.SetMaxOpenConns(1)
			some(t, s)
			have := 0
			for _, n := range sizes(t) {
				start := time.Now()
				grow(t, e, db, have, n)
				t.Logf("%d rows were added in %v", n-have, time.Since(start).Round(time.Second))
				have = n
				measure(t, s, n)
			}
		})
	}
}

func sizes(t *testing.T) (all []int) {
	t.Helper()
	text := os.Getenv("WALTZ_SOAK_ROWS")
	if text == "" {
		text = "10000 1000000 10000000"
	}
	for field := range strings.FieldsSeq(text) {
		n, err := strconv.Atoi(field)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, n)
	}
	return all
}

const accounts, dueRows = 5, 100

// some sets the rows that are listed.
func some(t *testing.T, s *sqlstore.Storage) {
	t.Helper()
	for i := range accounts {
		set(t, s, token.Key{Provider: "github", User: "soak", Account: fmt.Sprint(i)}, large(t))
	}
	for i := range dueRows {
		r := large(t)
		r.RefreshAt = time.Unix(int64(i), 0)
		set(t, s, token.Key{Provider: "github", User: fmt.Sprint("due", i)}, r)
	}
}

func large(t *testing.T) token.Record {
	t.Helper()
	secret := new(token.Token)
	if err := secret.UnmarshalJSON(benchtest.Token); err != nil {
		t.Fatal(err)
	}
	r := token.New(secret)
	r.RefreshAt = time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
	return r
}

// user is the i-th of those whose rows are loaded. They come in no order.
func user(i int) string { return fmt.Sprintf("%08x", uint32(i)*2654435761) }

// grow loads the rows of the users from from to to, each due a millisecond after the other in the
// next century, and has the engine look at what there is.
func grow(t *testing.T, e engine, db *sql.DB, from, to int) {
	t.Helper()
	r := large(t)
	secret, err := r.Token.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	due := r.RefreshAt.UnixMicro()
	r.Token = nil
	record, err := r.AppendJSON(nil)
	if err != nil {
		t.Fatal(err)
	}
	load, after := map[string]string{
		"sqlite": `WITH RECURSIVE n (i) AS (SELECT $1 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < $2)
			INSERT INTO waltz_tokens (provider, user_id, account, subject, due_at, token, record, version)
			SELECT CAST('github' AS BLOB), CAST(printf('%08x', i * 2654435761 % 4294967296) AS BLOB), x'', CAST('subject' || i AS BLOB), $3 + i * 1000, $4, $5, 'loaded'
			FROM n ORDER BY 2`,
		"postgres": `INSERT INTO waltz_tokens (provider, user_id, account, subject, due_at, token, record, version)
			SELECT 'github', convert_to(lpad(to_hex(i * 2654435761 % 4294967296), 8, '0'), 'UTF8'), '', convert_to('subject' || i, 'UTF8'), $3::bigint + i * 1000, $4, $5, 'loaded'
			FROM generate_series($1::bigint, $2::bigint - 1) AS i ORDER BY 2`,
	}[e.name], map[string]string{"sqlite": "ANALYZE", "postgres": "VACUUM ANALYZE waltz_tokens"}[e.name]
	const atOnce = 1_000_000 // so that a log of what is to be written does not grow as large as the table
	for ; from < to; from += atOnce {
		if _, err := db.ExecContext(t.Context(), load, from, min(from+atOnce, to), due, string(secret), string(record)); err != nil {
			t.Fatal(err)
		}
	}
	must(t, db, after)
}

func measure(t *testing.T, s *sqlstore.Storage, n int) {
	t.Helper()
	r := large(t)
	anyone := func() token.Key { return token.Key{Provider: "github", User: user(rand.IntN(n))} }
	list := func(f token.Filter, want int) func() error {
		return func() error {
			if got := count(t, s, f); got != want {
				return fmt.Errorf("%+v: %d rows are listed, want %d", f, got, want)
			}
			return nil
		}
	}
	line := fmt.Sprintf("%9d rows", n)
	for _, w := range []struct {
		name  string
		times int
		do    func() error
	}{
		{"Get", 5000, func() error { _, err := s.Get(t.Context(), anyone()); return err }},
		{"Set", 1000, func() error { return s.Set(t.Context(), anyone(), r) }},
		{fmt.Sprintf("due-list of %d", dueRows), 500, list(token.Filter{Due: time.Unix(dueRows, 0)}, dueRows)},
		{fmt.Sprintf("user-list of %d", accounts), 1000, list(token.Filter{User: "soak"}, accounts)},
	} {
		var took []time.Duration
		for range w.times {
			start := time.Now()
			if err := w.do(); err != nil {
				t.Fatal(err)
			}
			took = append(took, time.Since(start))
		}
		line += fmt.Sprintf(", %s %v", w.name, benchtest.Median(took).Round(100*time.Nanosecond))
	}
	t.Log(line)
}
