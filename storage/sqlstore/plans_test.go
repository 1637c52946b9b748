package sqlstore_test

import (
	"database/sql"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz/token"
)

// planned are lists that are to be found by an index, and which.
func planned() map[string][]listing {
	due, after := time.UnixMicro(100), &token.Key{Provider: "github", User: "user500"}
	return map[string][]listing{
		"due": {
			{token.Filter{Due: due}, nil},
			{token.Filter{Due: due}, after},
			{token.Filter{Provider: "github", Due: due}, nil},
			{token.Filter{Provider: "github", Due: due}, after},
		},
		"user": {
			{token.Filter{User: "user5"}, nil},
			{token.Filter{User: "user5"}, after},
			{token.Filter{User: "user5", Due: due}, nil},
			{token.Filter{Provider: "github", User: "user5"}, nil},
		},
		"subject": {
			{token.Filter{Subject: "subject7"}, nil},
			{token.Filter{Subject: "subject7"}, after},
			{token.Filter{Subject: "subject7", Due: due}, nil},
			{token.Filter{Provider: "github", Subject: "subject7"}, nil},
		},
		"": {
			{token.Filter{}, nil},
			{token.Filter{}, after},
			{token.Filter{Provider: "github"}, nil},
			{token.Filter{Provider: "github"}, after},
		},
	}
}

type listing struct {
	f     token.Filter
	after *token.Key
}

// PostgreSQL plans a statement that is run often for any parameter, and not only for the one it has.
func TestPlansOfPostgres(t *testing.T) {
	t.Parallel()
	e := postgresEngine
	// The driver would prepare what prepares a statement.
	e.empty = func(t testing.TB) string { return postgresEngine.empty(t) + "&default_query_exec_mode=simple_protocol" }
	s, db := e.migrated(t)
	must(t, db, `INSERT INTO waltz_tokens SELECT convert_to((ARRAY['github', 'gitlab', 'google'])[i % 3 + 1], 'UTF8'), convert_to('user' || i / 2, 'UTF8'), '',
		'{}', repeat('{}', 100), 'v', convert_to('subject' || i, 'UTF8'), i FROM generate_series(1, 30000) AS i`)
	must(t, db, "ANALYZE waltz_tokens")
	for _, mode := range []string{"force_custom_plan", "force_generic_plan"} {
		for index, lists := range planned() {
			for _, l := range lists {
				query, args := s.Listing(l.f, l.after)
				plan := postgresPlan(t, db, mode, s.Bound(query), args)
				want := "waltz_tokens_" + index
				if strings.Contains(plan, "Seq Scan") || !strings.Contains(plan, want) || index == "" && strings.Contains(plan, `"Sort"`) {
					t.Errorf("%s, %+v after %v: the plan is %s, want %s", mode, l.f, l.after, plan, want)
				}
			}
		}
		query, args := s.Getting(token.Key{Provider: "gitlab", User: "user5"})
		if plan := postgresPlan(t, db, mode, query, args); !strings.Contains(plan, "waltz_tokens_pkey") {
			t.Errorf("%s, Get: the plan is %s", mode, plan)
		}
	}
}

func postgresPlan(t *testing.T, db *sql.DB, mode, query string, args []any) string {
	t.Helper()
	c, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var values []string
	for _, a := range args {
		if b, ok := a.([]byte); ok {
			a = `'\x` + hex.EncodeToString(b) + `'`
		}
		values = append(values, fmt.Sprint(a))
	}
	for _, statement := range []string{"SET plan_cache_mode = " + mode, "DEALLOCATE ALL", "PREPARE p AS " + query} {
		if _, err := c.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	var plan string
	if err := c.QueryRowContext(t.Context(), "EXPLAIN (FORMAT JSON) EXECUTE p("+strings.Join(values, ", ")+")").Scan(&plan); err != nil {
		t.Fatal(err)
	}
	return strings.Join(strings.Fields(plan), " ")
}

// MariaDB's plans tell little of what a statement reads, and its counters tell all of it.
func TestPlansOfMySQL(t *testing.T) {
	t.Parallel()
	s, db := mysqlEngine.migrated(t)
	var rows []string
	for i := range 30_000 {
		provider := []string{"github", "gitlab", "google"}[i%3]
		rows = append(rows, fmt.Sprintf("('%s', 'user%d', '', '{}', REPEAT('{}', 100), 'v', 'subject%d', %d)", provider, i/2, i, i))
	}
	must(t, db, "INSERT INTO waltz_tokens VALUES "+strings.Join(rows, ", "))
	must(t, db, "ANALYZE TABLE waltz_tokens")
	for index, lists := range planned() {
		for _, l := range lists {
			query, args := s.Listing(l.f, l.after)
			want := "PRIMARY"
			if index != "" {
				want = "waltz_tokens_" + index
			}
			key, read := mysqlPlan(t, db, query, args)
			if key != want || read > 1010 {
				t.Errorf("%+v after %v: key %s, and %d rows were read, want %s", l.f, l.after, key, read, want)
			}
		}
	}
	query, args := s.Getting(token.Key{Provider: "gitlab", User: "user5"})
	if key, read := mysqlPlan(t, db, query, args); key != "PRIMARY" || read > 1 {
		t.Errorf("Get: key %s, and %d rows were read", key, read)
	}
}

// mysqlPlan returns the index that is used, and how many rows are read.
func mysqlPlan(t *testing.T, db *sql.DB, query string, args []any) (key string, read int) {
	t.Helper()
	c, err := db.Conn(t.Context()) // the counters are the connection's
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	column := func(name, query string, args ...any) (total int, last string) {
		t.Helper()
		rows, err := c.QueryContext(t.Context(), query, args...)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		names, err := rows.Columns()
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			values := make([]any, len(names))
			var value sql.NullString
			for i := range names {
				values[i] = new(sql.RawBytes)
				if names[i] == name {
					values[i] = &value
				}
			}
			if err := rows.Scan(values...); err != nil {
				t.Fatal(err)
			}
			n, _ := strconv.Atoi(value.String)
			total, last = total+n, value.String
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		return total, last
	}
	_, key = column("key", "EXPLAIN "+query, args...)
	before, _ := column("Value", "SHOW SESSION STATUS LIKE 'Handler_read_next'")
	column("record", query, args...)
	after, _ := column("Value", "SHOW SESSION STATUS LIKE 'Handler_read_next'")
	return key, after - before
}
