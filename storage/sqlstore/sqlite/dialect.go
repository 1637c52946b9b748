package sqlite

import (
	"errors"

	"modernc.org/sqlite"

	"github.com/waltz-oauth/waltz/storage/sqlstore"
	"github.com/waltz-oauth/waltz/token"
)

// Dialect returns that of SQLite 3.35 or newer, for [sqlstore.New] with a database that the
// application opens itself. Such a database wants WAL, a busy time-out and immediate transactions,
// as [Open] has them: see there.
func Dialect() sqlstore.Dialect {
	return sqlstore.Dialect{
		Goose: "sqlite3",
		Migrations: [][]string{{
			`CREATE TABLE "{table}" (
	provider BLOB NOT NULL,
	user_id  BLOB NOT NULL,
	account  BLOB NOT NULL,
	token    TEXT,
	record   TEXT NOT NULL,
	version  TEXT NOT NULL,
	subject  BLOB,
	due_at   INTEGER,
	PRIMARY KEY (provider, user_id, account)
)`,
			`CREATE INDEX "{table}_user" ON "{table}" (user_id)`,
			`CREATE INDEX "{table}_subject" ON "{table}" (subject) WHERE subject IS NOT NULL`,
			`CREATE INDEX "{table}_due" ON "{table}" (due_at) WHERE due_at IS NOT NULL`,
		}},
		Upsert: `ON CONFLICT (provider, user_id, account) DO UPDATE SET token = excluded.token, record = excluded.record,
	version = excluded.version, subject = excluded.subject, due_at = excluded.due_at`,
		Quote:     `"`,
		UseIndex:  "INDEXED BY %s",
		MaxKey:    4096,
		Reach:     token.Host,
		OneWriter: true,
		Retry:     busy,
	}
}

// busy reports whether err says that another process was writing for as long as the busy time-out. SQLite
// does not have writers wait in a line: the longer one has waited, the more seldom it looks. One that
// begins anew looks often again.
func busy(err error) bool {
	const primary, busy = 0xff, 5
	var e *sqlite.Error
	return errors.As(err, &e) && e.Code()&primary == busy
}
