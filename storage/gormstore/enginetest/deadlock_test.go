package enginetest_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/waltz-oauth/waltz/storage/gormstore"
	"github.com/waltz-oauth/waltz/token"
)

// Crossing has a hook that the context of a statement carries.
type Crossing struct {
	ID uint
	gormstore.Token
	Note string
}

type crossKey struct{}

func (c *Crossing) BeforeCreate(tx *gorm.DB) error {
	if cross, ok := tx.Statement.Context.Value(crossKey{}).(func(*gorm.DB) error); ok {
		return cross(tx)
	}
	return nil
}

// SQLite has one lock, and so no deadlock.
func TestDeadlockIsTriedAgain(t *testing.T) {
	onServers(t, func(t *testing.T, db *gorm.DB) {
		s := migrated[Crossing](t, db)
		ctx, tries := deadlocked(t, db, s)
		check(t, s.Set(ctx, github, record("b")))
		if got := load(t, s, github).Token.AccessToken; got != "fake-b" || *tries != 2 {
			t.Errorf("after %d tries the token is %q", *tries, got)
		}
	})
}

// It took all of the caller's transaction with it, which only the caller can do again.
func TestDeadlockInATransactionIsTheCallers(t *testing.T) {
	onServers(t, func(t *testing.T, db *gorm.DB) {
		s := migrated[Crossing](t, db)
		ctx, tries := deadlocked(t, db, s)
		err := db.Transaction(func(tx *gorm.DB) error {
			within, err := gormstore.New[Crossing](tx)
			if err != nil {
				return err
			}
			return within.Set(ctx, github, record("b"))
		})
		if got := load(t, s, github).Token.AccessToken; err == nil || got != "fake-a" || *tries != 1 {
			t.Errorf("after %d tries the token is %q, error %v", *tries, got, err)
		}
	})
}

// deadlocked returns a context in which a Set of the key github meets, at its first try, another transaction
// that has that row and waits for one that the Set has. The engine ends the Set, which waits last and has changed less.
func deadlocked(t *testing.T, db *gorm.DB, s token.Storage) (ctx context.Context, tries *int) {
	t.Helper()
	check(t, db.AutoMigrate(&Person{}))
	people := make([]Person, 50)
	check(t, db.Create(&people).Error)
	set(t, s, github, record("a"))

	tries = new(int)
	cross := func(tx *gorm.DB) error {
		if *tries++; *tries > 1 {
			return nil
		}
		if err := tx.Model(&Person{ID: 1}).Update("name", "of the Set").Error; err != nil {
			return err
		}
		began := make(chan int64, 1)
		ended := make(chan error, 1)
		go func() { ended <- other(db, began) }()
		t.Cleanup(func() {
			if err := <-ended; err != nil {
				t.Errorf("the other transaction: %v", err)
			}
		})
		return waits(t.Context(), db, <-began)
	}
	return context.WithValue(t.Context(), crossKey{}, cross), tries
}

// other is the other transaction; it tells who it is when it is about to wait.
func other(db *gorm.DB, began chan<- int64) error {
	defer close(began)
	return db.Transaction(func(tx *gorm.DB) error {
		var id int64
		query := "SELECT CONNECTION_ID()"
		var patience error
		if db.Name() == "postgres" { // where the first to lose patience ends
			query = "SELECT pg_backend_pid()"
			patience = tx.Exec("SET LOCAL deadlock_timeout = '1min'").Error
		}
		changed := errors.Join(
			patience,
			tx.Raw(query).Scan(&id).Error,
			tx.Model(&Crossing{}).Where("provider = ?", gormstore.Text("github")).Update("note", "of the other").Error,
			tx.Model(&Person{}).Where("id > 1").Update("name", "of the other").Error,
		)
		began <- id
		return errors.Join(changed, tx.Model(&Person{ID: 1}).Update("name", "of the other").Error)
	})
}

// waits returns when the connection waits for a lock.
func waits(ctx context.Context, db *gorm.DB, connection int64) error {
	query := "SELECT COUNT(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT' AND trx_mysql_thread_id = ?"
	if db.Name() == "postgres" {
		query = "SELECT COUNT(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND pid = ?"
	}
	for range 100 {
		var n int
		if err := db.WithContext(ctx).Raw(query, connection).Scan(&n).Error; err != nil || n > 0 {
			return err
		}
		time.Sleep(150 * time.Millisecond) // MariaDB looks again only where nobody asked for 100 ms
	}
	return fmt.Errorf("connection %d does not wait", connection)
}
