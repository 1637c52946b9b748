// Package sqlstore keeps tokens in a table of an SQL database.
//
// It imports no driver. What differs from engine to engine is a [Dialect], and each has a package
// of its own, such as sqlstore/sqlite, which also opens a database in one call.
//
// The table belongs to the application: columns that it adds to it, nullable or with a default,
// are left alone by every statement here.
package sqlstore

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"time"

	"github.com/waltz-oauth/waltz/token"
)

// Config says which table of which engine.
type Config struct {
	// Dialect is that of the engine; required.
	Dialect Dialect

	// Table is the name of the table; "": waltz_tokens. It is one identifier of at most 48 lower-case
	// letters, digits and underscores, no digit first. The version of its schema is kept beside it, in
	// a table of that name with _schema added.
	Table string

	// Owned has [Storage.Close] close the database too.
	Owned bool
}

func (c Config) table() string { return cmp.Or(c.Table, "waltz_tokens") }

// Storage keeps tokens in one table. Its errors are [*token.Error]. Keys are kept byte for byte; one
// with a part longer than the dialect's MaxKey is refused with [token.ErrKey].
type Storage struct {
	db     *sql.DB
	config Config
	text   texts
	run    runner        // what statements are run on
	tx     bool          // run is the caller's transaction
	writer chan struct{} // holds one value while someone writes; nil: any number may
}

var (
	_ token.Versioned = (*Storage)(nil)
	_ token.Lister    = (*Storage)(nil)
)

// New returns a storage in db, which it does not touch: see [Storage.Migrate] and [Storage.Check].
func New(db *sql.DB, c Config) (*Storage, error) {
	if db == nil {
		return nil, errors.New("sqlstore: no database given")
	}
	if c.Dialect.Goose == "" {
		return nil, errors.New("sqlstore: no dialect given")
	}
	if !regexp.MustCompile(`^[a-z_][a-z0-9_]{0,47}$`).MatchString(c.table()) {
		return nil, fmt.Errorf("sqlstore: table name %q: want at most 48 lower-case letters, digits and underscores, no digit first", c.table())
	}
	s := &Storage{db: db, config: c, text: newTexts(c), run: db}
	if !c.Dialect.Unprepared {
		s.run = &prepared{db: db, all: make(map[string]*sql.Stmt)}
	}
	if c.Dialect.OneWriter {
		s.writer = make(chan struct{}, 1)
	}
	return s, nil
}

// Tx returns the storage as it is within tx, a transaction of the caller's own in the same
// database, so that a new user and its token commit together. It is done when tx is, and needs no
// Close. What it wrote is not seen by others, such as caches, before tx commits.
func (s *Storage) Tx(tx *sql.Tx) *Storage {
	return &Storage{db: s.db, config: s.config, text: s.text, run: tx, tx: true}
}

// Reach reports how far the table is seen.
func (s *Storage) Reach() token.Reach { return s.config.Dialect.Reach }

// Close closes the prepared statements and, where [Config] says that it is owned, the database.
// The storage is not used after it.
func (s *Storage) Close() error {
	if s.tx {
		return nil
	}
	var err error
	if p, ok := s.run.(*prepared); ok {
		err = p.Close()
	}
	if s.config.Owned {
		err = errors.Join(err, s.db.Close())
	}
	return err
}

// exec runs a statement that writes, and returns how many rows it changed.
func (s *Storage) exec(ctx context.Context, query string, args ...any) (int64, error) {
	if s.writer != nil {
		select {
		case s.writer <- struct{}{}:
			defer func() { <-s.writer }()
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
	const tries, longest = 50, 100 * time.Millisecond
	wait := time.Millisecond
	for try := 1; ; try++ {
		result, err := s.run.ExecContext(ctx, query, args...)
		if err == nil {
			return result.RowsAffected()
		}
		// A statement that failed within a transaction took the transaction with it.
		if s.tx || try == tries || s.config.Dialect.Retry == nil || !s.config.Dialect.Retry(err) {
			return 0, err
		}
		// Many at one row come in each other's way again unless they part.
		select {
		case <-time.After(rand.N(wait)): //nolint:gosec // no secret
			wait = min(2*wait, longest)
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}
