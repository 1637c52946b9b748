package sqlstore_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz/token"
)

func TestListHoldsNoConnection(t *testing.T) {
	on(t, func(t *testing.T, e engine) {
		s, db := e.migrated(t)
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
	})
}

func TestListOfManyPages(t *testing.T) {
	on(t, func(t *testing.T, e engine) {
		s, db := e.migrated(t)
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
	})
}

func TestDueIsExactBelowAMicrosecond(t *testing.T) {
	on(t, func(t *testing.T, e engine) {
		s, _ := e.migrated(t)
		at := time.Date(2031, 1, 1, 0, 0, 0, 1500, time.UTC)
		r := record("a")
		r.RefreshAt = at
		set(t, s, token.Key{Provider: "github"}, r)
		for due, want := range map[time.Time]int{at.Add(-1): 0, at: 1, at.Add(1): 1} {
			if n := count(t, s, token.Filter{Due: due}); n != want {
				t.Errorf("%v before: %d are due, want %d", at.Sub(due), n, want)
			}
		}
	})
}

func TestDeadGrantsAreNotIndexedAsDue(t *testing.T) {
	on(t, func(t *testing.T, e engine) {
		s, db := e.migrated(t)
		r := record("a")
		r.RefreshAt, r.State = time.Unix(1, 0), token.Reauthorize
		set(t, s, token.Key{Provider: "github"}, r)
		var n int
		if err := db.QueryRowContext(t.Context(), "SELECT COUNT(due_at) FROM waltz_tokens").Scan(&n); err != nil || n != 0 {
			t.Errorf("%d rows come due, %v", n, err)
		}
	})
}
