package sqlite_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/waltz-oauth/waltz/storage/sqlstore"
	"github.com/waltz-oauth/waltz/storage/sqlstore/sqlite"
	"github.com/waltz-oauth/waltz/token"
)

func ExampleOpen() {
	dir, err := os.MkdirTemp("", "waltz")
	if err != nil {
		slog.Error(err.Error())
		return
	}
	defer os.RemoveAll(dir)

	store, err := sqlite.Open(filepath.Join(dir, "tokens.db"))
	if err != nil {
		slog.Error(err.Error())
		return
	}
	defer store.Close()

	ctx := context.Background()
	key := token.Key{Provider: "github", User: "alice"}
	if err := store.Set(ctx, key, token.New(&token.Token{AccessToken: "fake-access", TokenType: "bearer"})); err != nil {
		slog.Error(err.Error())
		return
	}
	r, err := store.Get(ctx, key)
	fmt.Println(r.Token.TokenType, err)
	// Output: bearer <nil>
}

// A user and its token, in one transaction.
func ExampleOpenDB() {
	dir, err := os.MkdirTemp("", "waltz")
	if err != nil {
		slog.Error(err.Error())
		return
	}
	defer os.RemoveAll(dir)

	if err := signUp(context.Background(), filepath.Join(dir, "app.db")); err != nil {
		slog.Error(err.Error())
		return
	}
	fmt.Println("alice and her token are stored")
	// Output: alice and her token are stored
}

func signUp(ctx context.Context, path string) error {
	db, err := sqlite.OpenDB(path)
	if err != nil {
		return err
	}
	defer db.Close()
	store, err := sqlstore.New(db, sqlstore.Config{Dialect: sqlite.Dialect()})
	if err != nil {
		return err
	}
	if err := store.Migrate(ctx); err != nil {
		return err
	}
	if _, err := db.ExecContext(ctx, `CREATE TABLE users (id TEXT PRIMARY KEY)`); err != nil {
		return err
	}

	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after Commit it does nothing
	if _, err := tx.ExecContext(ctx, `INSERT INTO users (id) VALUES (?)`, "alice"); err != nil {
		return err
	}
	key := token.Key{Provider: "github", User: "alice"}
	if err := store.Tx(tx).Set(ctx, key, token.New(&token.Token{AccessToken: "fake-access"})); err != nil {
		return err
	}
	return tx.Commit()
}
