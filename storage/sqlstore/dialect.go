package sqlstore

import "github.com/waltz-oauth/waltz/token"

// Dialect is what an engine wants said in its own way. It is data: the statements are made from it
// once, by [New], and never from a value that is stored.
type Dialect struct {
	// Goose is the engine's name in github.com/pressly/goose: "sqlite3", "postgres", "mysql".
	Goose string

	// Migrations are the statements that make each version of the schema out of the one before,
	// {table} standing for the table's name. They are run in a transaction. An engine that commits
	// each of them by itself needs such as do nothing when run again.
	//
	// The columns are provider, user_id and account, which are the primary key, and subject, all
	// four of bytes compared as such; token and record, of text; version, of at most 26 ASCII
	// characters; and due_at, an integer of 64 bits. There is an index {table}_user on user_id, one
	// {table}_subject on subject and one {table}_due on due_at; subject and due_at are often NULL,
	// and such rows are never found by them.
	Migrations [][]string

	// Upsert is what follows an INSERT so that a row that is there gets the new token, record,
	// version, subject and due_at, and nothing else of it changes.
	Upsert string

	Quote    string // stands on both sides of an identifier
	Numbered bool   // parameters are $1, $2, … rather than ?
	UseIndex string // what follows a table's name to have its index %s used; "": nothing does that
	NoIndex  string // an expression that has the value of the column %s and no index; "": UseIndex does enough
	SpellOut bool   // (a, b) > (x, y) is written as a > x OR a = x AND b > y, for which alone an index is used
	Clock    string // an expression for the engine's time in microseconds since 1970; "": this host's clock is the engine's

	// MaxKey is how many bytes each part of a key, and a subject, may have.
	MaxKey int

	// Reach is how far an engine's records are seen.
	Reach token.Reach

	// OneWriter has writers of this process wait here for each other, in the order in which they came,
	// because the engine would have them poll.
	OneWriter bool

	// Unprepared leaves it to the driver to prepare statements, as where it keeps them itself or a
	// pooler stands between.
	Unprepared bool

	// Retry reports whether a statement failed in such a way that it changed nothing and may
	// succeed if run again, such as a deadlock; nil: none does.
	Retry func(error) bool
}
