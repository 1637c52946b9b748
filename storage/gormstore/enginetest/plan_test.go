package enginetest_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/waltz-oauth/waltz/storage/gormstore"
	"github.com/waltz-oauth/waltz/token"
)

// What an engine without statistics does is the worst that there is: SQLite has none here.
func TestListsFindTheirRowsByAnIndex(t *testing.T) {
	t.Parallel()
	var log heard
	db := database(t, openSQLite(t), gorm.Config{Logger: logger.New(&log, logger.Config{LogLevel: logger.Info})})
	s := migrated[ByInteger](t, db)
	for i := range 501 { // one more than a page
		r := record("a")
		r.Subject, r.RefreshAt = "subject", time.UnixMicro(1)
		set(t, s, token.Key{Provider: "github", User: "1", Account: fmt.Sprint(i)}, r)
	}
	for index, f := range map[string]token.Filter{
		"_key":                         {},
		"_key (provider":               {Provider: "github"},
		"_owner (owner=?":              {User: "1"},
		"_key (provider=? AND owner=?": {Provider: "github", User: "1"},
		"_subject (subject=?":          {Subject: "subject"},
		"_due_at (due_at<?":            {Due: time.Now()},
	} {
		before := len(log.String())
		for _, err := range s.List(t.Context(), f) {
			check(t, err)
		}
		statements := regexp.MustCompile(`SELECT .*`).FindAllString(log.String()[before:], -1)
		if len(statements) != 2 {
			t.Fatalf("%+v: %d statements are logged, want one for each page", f, len(statements))
		}
		for _, statement := range statements {
			plan := explain(t, db, statement)
			if !strings.Contains(plan, index) || strings.Contains(plan, "SCAN") && index != "_key" {
				t.Errorf("%+v: %s\nhas the plan %s, want index %s", f, statement, plan, index)
			}
			if sorts := strings.Contains(plan, "TEMP B-TREE"); sorts && f.Due.IsZero() {
				t.Errorf("%+v: %s\nsorts: %s", f, statement, plan)
			}
		}
	}
}

// explain returns the plan for a statement, whatever its values are.
func explain(t *testing.T, db *gorm.DB, statement string) string {
	t.Helper()
	var values []any
	for range strings.Count(statement, "?") {
		values = append(values, gormstore.Text(""))
	}
	statement = strings.ReplaceAll(statement, "LIMIT ?", "LIMIT length(?)") // which wants a number
	var steps []struct{ Detail string }
	check(t, db.Raw("EXPLAIN QUERY PLAN "+statement, values...).Scan(&steps).Error)
	return fmt.Sprint(steps)
}
