package flaskdance_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"

	"github.com/waltz-oauth/waltz/flaskdance"
	"github.com/waltz-oauth/waltz/storage/sqlstore/postgres"
	"github.com/waltz-oauth/waltz/token"
)

// Tokens in the table of a Flask application.
func ExampleNewTable() { //nolint:testableexamples // it wants a server
	db, err := postgres.OpenDB(os.Getenv("DATABASE_URL"))
	if err != nil {
		slog.Error("no database", "error", err)
		return
	}
	defer func() { _ = db.Close() }()

	tokens, err := flaskdance.NewTable(db, flaskdance.TableConfig{
		Dialect: flaskdance.PostgreSQL(),
	})
	if err != nil {
		slog.Error("no storage", "error", err)
		return
	}
	r, err := tokens.Get(context.Background(), token.Key{Provider: "github", User: "7"})
	fmt.Println(r.Token, err)
}

// Tokens in the session cookie of a Flask application.
func ExampleNewSession() { //nolint:testableexamples // it wants a Flask application's key
	session, err := flaskdance.NewSession(flaskdance.SessionConfig{
		SecretKey: os.Getenv("SECRET_KEY"), // what Flask has
		Secure:    true,                    // SESSION_COOKIE_SECURE
	})
	if err != nil {
		slog.Error("no storage", "error", err)
		return
	}
	fmt.Println(session.Reach())
}
