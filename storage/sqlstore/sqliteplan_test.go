package sqlstore_test

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz/token"
)

// What is asked for is found by an index, whether the engine knows how the values are spread or not.
func TestPlansUseAnIndex(t *testing.T) {
	t.Parallel()
	s, db := migrated(t)
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 2000 {
		r := record("a")
		r.Subject, r.RefreshAt = fmt.Sprint(i), time.Unix(int64(i), 0)
		set(t, s.Tx(tx), token.Key{Provider: "github", User: fmt.Sprint(i / 2), Account: fmt.Sprint(i % 2)}, r)
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	due := time.Unix(10, 0)
	after := &token.Key{Provider: "github", User: "5"}
	const (
		byKey     = "USING INDEX sqlite_autoindex_waltz_tokens_1 "
		byUser    = "USING INDEX waltz_tokens_user "
		bySubject = "USING INDEX waltz_tokens_subject "
		byDue     = "USING INDEX waltz_tokens_due "
	)
	plans := func() {
		for _, c := range []struct {
			f     token.Filter
			after *token.Key
			want  string
		}{
			{token.Filter{}, nil, "USING INDEX sqlite_autoindex_waltz_tokens_1"},
			{token.Filter{}, after, byKey + "((provider,user_id,account)>"},
			{token.Filter{Provider: "github"}, nil, byKey + "(provider=?"},
			{token.Filter{Provider: "github"}, after, byKey + "(provider=? AND (user_id,account)>"},
			{token.Filter{User: "5"}, nil, byUser + "(user_id=?"},
			{token.Filter{User: "5"}, after, byUser + "(user_id=?"},
			{token.Filter{Provider: "github", User: "5"}, nil, byUser + "(user_id=?"},
			{token.Filter{Subject: "7"}, nil, bySubject + "(subject=?"},
			{token.Filter{Subject: "7"}, after, bySubject + "(subject=?"},
			{token.Filter{Provider: "github", Subject: "7"}, nil, bySubject + "(subject=?"},
			{token.Filter{Due: due}, nil, byDue + "(due_at<?"},
			{token.Filter{Due: due}, after, byDue + "(due_at<?"},
			{token.Filter{Provider: "github", Due: due}, nil, byDue + "(due_at<?"},
			{token.Filter{Provider: "github", Due: due}, after, byDue + "(due_at<?"},
			{token.Filter{User: "5", Due: due}, nil, byUser + "(user_id=?"},
			{token.Filter{Subject: "7", Due: due}, nil, bySubject + "(subject=?"},
		} {
			query, args := s.Listing(c.f, c.after)
			plan := explain(t, db, query, args)
			if !strings.Contains(plan, c.want) {
				t.Errorf("%+v after %v: the plan is %q, want %q", c.f, c.after, plan, c.want)
			}
		}
		query, args := s.Getting(*after)
		if plan := explain(t, db, query, args); !strings.Contains(plan, byKey+"(provider=? AND user_id=? AND account=?)") {
			t.Errorf("Get: the plan is %q", plan)
		}
	}
	plans()
	must(t, db, "ANALYZE")
	plans()
}

func explain(t *testing.T, db *sql.DB, query string, args []any) string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+query, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var plan []string
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			t.Fatal(err)
		}
		plan = append(plan, detail)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return strings.Join(plan, "; ")
}
