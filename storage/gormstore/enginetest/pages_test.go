package enginetest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/waltz-oauth/waltz/storage/gormstore"
	"github.com/waltz-oauth/waltz/token"
)

func TestListTurnsPages(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, db *gorm.DB) {
		s := migrated[ByInteger](t, db)
		var all []token.Key // two pages for the user, three in all
		check(t, db.Transaction(func(tx *gorm.DB) error {
			within, err := gormstore.New[ByInteger](tx)
			if err != nil {
				return err
			}
			for i := range 1200 {
				key := token.Key{Provider: "github", User: fmt.Sprint(1 + i/600), Account: fmt.Sprintf("%04d", i)}
				if i%600 >= 550 {
					key.Provider = "gitlab"
				}
				r := record("a")
				r.Subject, r.RefreshAt = "subject", time.UnixMicro(1)
				if err := within.Set(t.Context(), key, r); err != nil {
					return err
				}
				all = append(all, key)
			}
			return nil
		}))
		slices.SortStableFunc(all, func(a, b token.Key) int { return strings.Compare(a.Provider, b.Provider) })
		for _, f := range []token.Filter{
			{},
			{Provider: "github"},
			{User: "1"},
			{Provider: "github", User: "2"},
			{Subject: "subject"},
			{Due: time.Now()},
			{Provider: "github", Due: time.Now()},
			{User: "2", Due: time.Now()},
		} {
			var want, got []token.Key
			for _, key := range all {
				if (f.Provider == "" || key.Provider == f.Provider) && (f.User == "" || key.User == f.User) {
					want = append(want, key)
				}
			}
			for e, err := range s.List(t.Context(), f) {
				check(t, err)
				got = append(got, e.Key)
			}
			if !slices.Equal(got, want) {
				t.Errorf("%+v: listed %d keys, want %d", f, len(got), len(want))
			}
		}
	})
}
