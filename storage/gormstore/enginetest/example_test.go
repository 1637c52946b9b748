package enginetest_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"

	gormlite "gorm.io/driver/sqlite"
	"gorm.io/gorm"

	"github.com/waltz-oauth/waltz/storage/gormstore"
	"github.com/waltz-oauth/waltz/storage/sqlstore/sqlite"
	"github.com/waltz-oauth/waltz/token"
)

// Person is the application's user.
type Person struct {
	ID   uint
	Name string
}

// OAuth is the application's model of a connected account.
type OAuth struct {
	gorm.Model
	gormstore.Token
	UserID *uint
	User   *Person
	Note   string
}

func Example() {
	dir, err := os.MkdirTemp("", "waltz")
	if err != nil {
		slog.Error(err.Error())
		return
	}
	defer os.RemoveAll(dir)

	if err := connect(context.Background(), filepath.Join(dir, "app.db")); err != nil {
		slog.Error(err.Error())
	}
	// Output:
	// alice at github: a bearer token
	// alice's note survives: for work
}

func connect(ctx context.Context, path string) error {
	pool, err := sqlite.OpenDB(path)
	if err != nil {
		return err
	}
	defer pool.Close()
	db, err := gorm.Open(gormlite.New(gormlite.Config{Conn: pool}), &gorm.Config{})
	if err != nil {
		return err
	}

	tokens, err := gormstore.New[OAuth](db)
	if err != nil {
		return err
	}
	if err := tokens.Migrate(ctx); err != nil {
		return err
	}

	key, err := signUp(ctx, db, "alice")
	if err != nil {
		return err
	}

	var connected OAuth
	if err := db.Preload("User").Take(&connected).Error; err != nil {
		return err
	}
	connected.Note = "for work"
	if err := db.Save(&connected).Error; err != nil {
		return err
	}

	// A refresh.
	r, err := tokens.Load(ctx, key)
	if err != nil {
		return err
	}
	fmt.Printf("%s at %s: a %s token\n", connected.User.Name, connected.Provider, r.Token.TokenType)
	r.Token = &token.Token{AccessToken: "fake-fresh", TokenType: "bearer"}
	if _, err := tokens.Swap(ctx, key, r.Version, r); err != nil {
		return err
	}

	if err := db.Preload("User").Take(&connected).Error; err != nil {
		return err
	}
	fmt.Printf("%s's note survives: %s\n", connected.User.Name, connected.Note)
	return nil
}

// signUp makes a user and stores a token for it, in one transaction.
func signUp(ctx context.Context, db *gorm.DB, name string) (token.Key, error) {
	key := token.Key{Provider: "github"}
	err := db.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		person := Person{Name: name}
		if err := tx.Create(&person).Error; err != nil {
			return err
		}
		key.User = strconv.FormatUint(uint64(person.ID), 10)

		tokens, err := gormstore.New[OAuth](tx)
		if err != nil {
			return err
		}
		return tokens.Set(ctx, key, token.New(&token.Token{AccessToken: "fake-access", TokenType: "bearer"}))
	})
	return key, err
}
