package enginetest_test

import (
	"errors"
	"strconv"
	"sync"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/waltz-oauth/waltz/storage/gormstore"
	"github.com/waltz-oauth/waltz/token"
)

// Account is a model as an application has it.
type (
	User struct {
		ID       uint
		Name     string
		Accounts []Account
	}
	Account struct {
		gorm.Model
		gormstore.Token
		UserID *uint
		User   *User
		Note   string `gorm:"size:100;not null;default:new"`
	}
)

var github = token.Key{Provider: "github"}

// of is the key of a user at the provider.
func of(user uint) token.Key {
	return token.Key{Provider: github.Provider, User: strconv.FormatUint(uint64(user), 10)}
}

// row returns the one row of Account there is.
func row(t *testing.T, db *gorm.DB) Account {
	t.Helper()
	var all []Account
	check(t, db.Unscoped().Preload("User").Find(&all).Error)
	if len(all) != 1 {
		t.Fatalf("there are %d rows, want 1", len(all))
	}
	return all[0]
}

func TestColumnsOfTheApplicationSurvive(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, db *gorm.DB) {
		s := migrated[Account](t, db)
		alice := User{Name: "alice"}
		check(t, db.Create(&alice).Error)
		set(t, s, of(alice.ID), record("a"))
		before := row(t, db)
		if before.Note != "new" || before.User == nil || before.User.Name != "alice" {
			t.Fatalf("the row is made with note %q and user %v", before.Note, before.User)
		}
		check(t, db.Model(&before).Update("note", "mine").Error)

		set(t, s, of(alice.ID), record("b"))
		if _, err := s.Swap(t.Context(), of(alice.ID), load(t, s, of(alice.ID)).Version, record("c")); err != nil {
			t.Fatal(err)
		}
		after := row(t, db)
		if after.Note != "mine" || after.ID != before.ID || !after.CreatedAt.Equal(before.CreatedAt) || *after.UserID != alice.ID {
			t.Errorf("the row was %d %q %v and is %d %q %v", before.ID, "mine", before.CreatedAt, after.ID, after.Note, after.CreatedAt)
		}
		if !after.UpdatedAt.After(before.UpdatedAt) {
			t.Errorf("UpdatedAt was %v and is %v", before.UpdatedAt, after.UpdatedAt)
		}
	})
}

func TestSaveLeavesTheTokenAlone(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, db *gorm.DB) {
		s := migrated[Account](t, db)
		set(t, s, github, record("old"))
		stale := row(t, db)
		set(t, s, github, record("new"))
		version := load(t, s, github).Version

		stale.Note = "saved"
		check(t, db.Save(&stale).Error)
		check(t, db.Model(&stale).Updates(stale).Error)
		r := load(t, s, github)
		if r.Token.AccessToken != "fake-new" || r.Version != version {
			t.Errorf("the token is %q", r.Token.AccessToken)
		}
		if note := row(t, db).Note; note != "saved" {
			t.Errorf("the note is %q", note)
		}
	})
}

func TestSoftDelete(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, db *gorm.DB) {
		s := migrated[Account](t, db)
		r := record("a")
		r.Subject, r.RefreshAt = "subject", time.Now()
		set(t, s, github, r)
		before := row(t, db)
		check(t, db.Model(&before).Update("note", "mine").Error)
		check(t, s.Delete(t.Context(), github))

		gone := row(t, db)
		if !gone.DeletedAt.Valid || gone.Token.Token != nil || gone.Record != "{}" || gone.Subject != "" || gone.DueAt != nil || gone.Version == before.Version {
			t.Errorf("the row is %+v", gone)
		}
		if _, err := s.Get(t.Context(), github); !errors.Is(err, token.ErrNotFound) {
			t.Errorf("Get: got error %v", err)
		}
		for _, old := range []gormstore.Text{before.Version, gone.Version} {
			if _, err := s.Swap(t.Context(), github, token.Version(old), r); !errors.Is(err, token.ErrConflict) {
				t.Errorf("Swap: got error %v", err)
			}
		}

		set(t, s, github, record("b"))
		back := row(t, db)
		if back.DeletedAt.Valid || back.ID != before.ID || back.Note != "mine" {
			t.Errorf("the row is %+v", back)
		}
		if got := load(t, s, github).Token.AccessToken; got != "fake-b" {
			t.Errorf("the token is %q", got)
		}
	})
}

func TestModelWithoutSoftDeleteIsDeleted(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, db *gorm.DB) {
		s := migrated[ByString](t, db)
		set(t, s, github, record("a"))
		check(t, s.Delete(t.Context(), github))
		var rows int64
		check(t, db.Unscoped().Model(&ByString{}).Count(&rows).Error)
		if rows != 0 {
			t.Errorf("%d rows are left", rows)
		}
	})
}

func TestUserAndTokenCommitTogether(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, db *gorm.DB) {
		s := migrated[Account](t, db)
		refused := errors.New("refused")
		for _, outcome := range []error{refused, nil} {
			var alice User
			err := db.Transaction(func(tx *gorm.DB) error {
				alice = User{Name: "alice"}
				if err := tx.Create(&alice).Error; err != nil {
					return err
				}
				within, err := gormstore.New[Account](tx)
				if err != nil {
					return err
				}
				if err := within.Set(t.Context(), of(alice.ID), record("a")); err != nil {
					return err
				}
				load(t, within, of(alice.ID))
				return outcome
			})
			if !errors.Is(err, outcome) {
				t.Fatal(err)
			}
			var users int64
			check(t, db.Model(&User{}).Count(&users).Error)
			_, err = s.Get(t.Context(), of(alice.ID))
			if committed := outcome == nil; (users == 1) != committed || (err == nil) != committed {
				t.Errorf("committed: %t; there are %d users, and Get returns error %v", committed, users, err)
			}
		}
	})
}

func TestConcurrentSetsLeaveOneRow(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, db *gorm.DB) {
		s := migrated[Account](t, db)
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for range 50 {
					if err := s.Set(t.Context(), github, record("a")); err != nil {
						t.Errorf("Set: %v", err)
						return
					}
				}
			})
		}
		wg.Wait()
		row(t, db)
	})
}

func TestManyMigrateAtOnce(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, db *gorm.DB) {
		var wg sync.WaitGroup
		for range 4 {
			s, err := gormstore.New[Account](beside(t, db))
			check(t, err)
			wg.Go(func() {
				if err := s.Migrate(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		s, err := gormstore.New[Account](db)
		check(t, err)
		set(t, s, github, record("a"))
		check(t, db.AutoMigrate(&Account{}))
		if got := load(t, s, github).Token.AccessToken; got != "fake-a" {
			t.Errorf("the token is %q", got)
		}
	})
}

func TestNowIsTheEnginesClock(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, db *gorm.DB) {
		s := migrated[Account](t, db)
		set(t, s, github, record("a"))
		first, second := load(t, s, github).Now, load(t, s, github).Now
		// The engines of tests run on this host.
		if d := time.Since(first).Abs(); d > time.Hour {
			t.Errorf("Now is off by %v", d)
		}
		if !second.After(first) {
			t.Errorf("Now was %v and is %v", first, second)
		}
	})
}

func TestUserThatIsNoneIsRefused(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, db *gorm.DB) {
		integers, uuids := migrated[ByInteger](t, db), migrated[ByUUID](t, db)
		for _, user := range []string{"alice", "007", "+7", "-7", " 7", "7.0", "0x7", "99999999999999999999", "9e9"} {
			if err := integers.Set(t.Context(), token.Key{Provider: "github", User: user}, record("a")); !errors.Is(err, token.ErrKey) {
				t.Errorf("integer %q: got error %v", user, err)
			}
		}
		for _, user := range []string{"7", "F47AC10B-58CC-4372-A567-0E02B2C3D479", "{f47ac10b-58cc-4372-a567-0e02b2c3d479}", "f47ac10b58cc4372a5670e02b2c3d479"} {
			if err := uuids.Set(t.Context(), token.Key{Provider: "github", User: user}, record("a")); !errors.Is(err, token.ErrKey) {
				t.Errorf("UUID %q: got error %v", user, err)
			}
		}
		set(t, integers, token.Key{Provider: "github", User: "7"}, record("a"))
		set(t, uuids, token.Key{Provider: "github", User: "f47ac10b-58cc-4372-a567-0e02b2c3d479"}, record("a"))
		var i ByInteger
		var u ByUUID
		check(t, db.Take(&i).Error)
		check(t, db.Take(&u).Error)
		if *i.UserID != 7 || u.UserID.String() != "f47ac10b-58cc-4372-a567-0e02b2c3d479" {
			t.Errorf("UserID is %v and %v", *i.UserID, u.UserID)
		}
	})
}

func TestEntryOfARow(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, db *gorm.DB) {
		s := migrated[Account](t, db)
		r := record("a")
		r.Subject = "subject"
		set(t, s, github, r)
		var found Account
		check(t, db.Where("provider = ?", gormstore.Text("github")).Take(&found).Error)
		e, err := found.Entry()
		check(t, err)
		if e.Key != github || e.Record.Subject != "subject" || e.Record.Token != nil || e.Record.Version != load(t, s, github).Version {
			t.Errorf("got %+v", e)
		}
	})
}
