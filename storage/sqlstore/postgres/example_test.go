package postgres_test

import (
	"context"
	"log/slog"
	"os"

	"github.com/waltz-oauth/waltz/storage/sqlstore"
	"github.com/waltz-oauth/waltz/storage/sqlstore/postgres"
)

func ExampleOpen() { //nolint:testableexamples // it wants a server
	tokens, err := postgres.Open(os.Getenv("DATABASE_URL"))
	if err != nil {
		slog.Error("no storage", "error", err)
		return
	}
	defer func() { _ = tokens.Close() }()
}

// A program that migrates when it starts.
func ExampleOpenDB() { //nolint:testableexamples // it wants a server
	db, err := postgres.OpenDB(os.Getenv("DATABASE_URL"))
	if err != nil {
		slog.Error("no database", "error", err)
		return
	}
	defer func() { _ = db.Close() }()

	tokens, err := sqlstore.New(db, sqlstore.Config{Dialect: postgres.Dialect()})
	if err != nil {
		slog.Error("no storage", "error", err)
		return
	}
	defer func() { _ = tokens.Close() }()
	if err := tokens.Migrate(context.Background()); err != nil {
		slog.Error("no schema", "error", err)
		return
	}
}
