package enginetest_test

import (
	"errors"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/waltz-oauth/waltz/storage/cache"
	"github.com/waltz-oauth/waltz/storage/gormstore"
)

// A cache shows what was there before until the transaction is committed and the key dropped, and then what
// the transaction wrote.
func TestCacheFollowsATransactionOfTheCallers(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, db *gorm.DB) {
		s, err := cache.New(cache.Config{Next: migrated[Account](t, db), TTL: time.Hour})
		check(t, err)
		set(t, s, github, record("a"))
		wants := func(name string) {
			t.Helper()
			r, err := s.Get(t.Context(), github)
			check(t, err)
			if r.Token.AccessToken != "fake-"+name {
				t.Errorf("the token is %q, want that of %s", r.Token.AccessToken, name)
			}
		}
		refused := errors.New("refused")
		for _, outcome := range []error{refused, nil} {
			err := db.Transaction(func(tx *gorm.DB) error {
				within, err := gormstore.New[Account](tx)
				if err != nil {
					return err
				}
				set(t, within, github, record("b"))
				s.Drop(t.Context(), github) // too early
				wants("a")
				return outcome
			})
			if !errors.Is(err, outcome) {
				t.Fatal(err)
			}
			wants("a")
			s.Drop(t.Context(), github)
			if outcome == nil {
				wants("b")
			} else {
				wants("a")
			}
		}
	})
}
