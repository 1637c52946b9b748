// Package postgres keeps tokens in a PostgreSQL database, with the driver pgx.
package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/waltz-oauth/waltz/storage/sqlstore"
)

// Open returns a storage in the database at url, which it opens as [OpenDB] does. The schema must be
// there, and is not changed: see [sqlstore.Storage.Check] for the errors. Close the storage when done.
//
// Who migrates by program rather than by the command waltz migrate opens the database with OpenDB,
// gives it to [sqlstore.New], and calls [sqlstore.Storage.Migrate].
func Open(url string) (*sqlstore.Storage, error) {
	db, err := OpenDB(url)
	if err != nil {
		return nil, err
	}
	s, err := sqlstore.New(db, sqlstore.Config{Dialect: Dialect(), Owned: true})
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	const patience = 30 * time.Second
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := s.Check(ctx); err != nil {
		return nil, fmt.Errorf("postgres: %w", errors.Join(err, s.Close()))
	}
	return s, nil
}

// OpenDB opens the database at url, postgres://USER:PASSWORD@HOST:PORT/NAME, for an application that
// keeps tables of its own beside the tokens. It does not connect. The URL's parameters are those of
// pgx. No more than ten connections are opened, unless the application says otherwise.
//
// Behind a pooler that gives each transaction another connection, such as PgBouncer, the URL says
// default_query_exec_mode=exec: then no statement is prepared. Nothing else is kept in a
// connection from one transaction to the next.
func OpenDB(name string) (*sql.DB, error) {
	// What is wrong with a URL that cannot be read is not said: it might be a part of the password.
	if u, err := url.Parse(name); err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return nil, errors.New("postgres: want a URL such as postgres://USER:PASSWORD@HOST:PORT/NAME, special characters of the password as %XX")
	}
	config, err := pgx.ParseConfig(name)
	if err != nil {
		return nil, fmt.Errorf("postgres: in the URL: %w", errors.Unwrap(err))
	}
	db := stdlib.OpenDB(*config)
	// Opening a connection costs a process of the engine, so few are opened, and kept for a while.
	const connections, idle = 10, 5 * time.Minute
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	db.SetConnMaxIdleTime(idle)
	return db, nil
}
