package postgres

import (
	"errors"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/waltz-oauth/waltz/storage/sqlstore"
	"github.com/waltz-oauth/waltz/token"
)

// Dialect returns that of PostgreSQL 11 or newer, for [sqlstore.New] with a database that the
// application opens itself.
func Dialect() sqlstore.Dialect {
	return sqlstore.Dialect{
		Goose: "postgres",
		// What is stored is text and not jsonb, which would keep neither the order of members nor
		// how numbers are written.
		Migrations: [][]string{{
			`CREATE TABLE "{table}" (
	provider bytea NOT NULL,
	user_id  bytea NOT NULL,
	account  bytea NOT NULL,
	token    text,
	record   text NOT NULL,
	version  text NOT NULL,
	subject  bytea,
	due_at   bigint,
	PRIMARY KEY (provider, user_id, account)
)`,
			`CREATE INDEX "{table}_user" ON "{table}" (user_id)`,
			`CREATE INDEX "{table}_subject" ON "{table}" (subject) WHERE subject IS NOT NULL`,
			`CREATE INDEX "{table}_due" ON "{table}" (due_at) WHERE due_at IS NOT NULL`,
		}},
		Upsert: `ON CONFLICT (provider, user_id, account) DO UPDATE SET token = excluded.token, record = excluded.record,
	version = excluded.version, subject = excluded.subject, due_at = excluded.due_at`,
		Quote:    `"`,
		Numbered: true,
		// A plan for any parameter takes a third of the table to be due, and so would rather walk
		// the primary key.
		NoIndex:    "(%s || '')",
		Clock:      "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint",
		MaxKey:     850, // an entry of an index has at most 2704 bytes, and the primary key three parts
		Reach:      token.Network,
		Unprepared: true, // pgx prepares, unless told not to
		Retry:      retry,
	}
}

// retry reports whether err is that of a transaction that came in another's way. That of one
// statement does so only where the database's default isolation is more than read committed.
func retry(err error) bool {
	const serialization, deadlock = "40001", "40P01"
	var e *pgconn.PgError
	return errors.As(err, &e) && (e.Code == serialization || e.Code == deadlock)
}
