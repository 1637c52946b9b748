package flaskdance

import (
	"context"
	"database/sql"
	"errors"
	"math/rand/v2"
	"strings"
	"time"
)

// locked runs f in a transaction in which nobody else writes the table, Flask-Dance included. One that
// came in another's way is run again.
func (t *Table) locked(ctx context.Context, f func(*sql.Tx) error) error {
	select {
	case t.writer <- struct{}{}:
		defer func() { <-t.writer }()
	case <-ctx.Done():
		return ctx.Err()
	}
	const tries, longest = 50, 100 * time.Millisecond
	wait := time.Millisecond
	for try := 1; ; try++ {
		err := t.transaction(ctx, f)
		if err == nil || try == tries || !collided(err) {
			return err
		}
		select {
		case <-time.After(rand.N(wait)): //nolint:gosec // no secret
			wait = min(2*wait, longest)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (t *Table) transaction(ctx context.Context, f func(*sql.Tx) error) (err error) {
	tx, err := t.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = tx.Rollback()
		}
	}()
	if lock := t.config.Dialect.lock; lock != "" {
		if _, err := tx.ExecContext(ctx, t.fill(lock)); err != nil {
			return err
		}
	}
	if err := f(tx); err != nil {
		return err
	}
	return tx.Commit()
}

// collided reports whether err is that of a transaction which was undone because it came in another's
// way, or never began since another kept the database. Drivers of PostgreSQL have the code as SQLState,
// those of MariaDB in the text, and that of SQLite as a number.
func collided(err error) bool {
	const serialization, deadlock = "40001", "40P01"
	const primary, busy = 0xff, 5
	var n interface{ Code() int }
	if errors.As(err, &n) && n.Code()&primary == busy {
		return true
	}
	var e interface{ SQLState() string }
	if errors.As(err, &e) {
		return e.SQLState() == serialization || e.SQLState() == deadlock
	}
	return strings.Contains(err.Error(), "("+serialization+")")
}

func (t *Table) fill(statement string) string {
	d := t.config.Dialect
	return strings.NewReplacer("{table}", d.name(t.config.table()), "{id}", d.name(t.config.id())).Replace(statement)
}
