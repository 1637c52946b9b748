package transfer

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/waltz-oauth/waltz/cmd/waltz/internal/storages"
	"github.com/waltz-oauth/waltz/flaskdance"
	"github.com/waltz-oauth/waltz/token"
)

// scheme begins the URL of a Flask-Dance table; the database's own follows.
const scheme = "flask-dance+"

// FlaskDanceUsage lists the URLs of tables.
const FlaskDanceUsage = scheme + "sqlite:FILE, " + scheme + "postgres://… or " + scheme + "mysql://…"

// IsFlaskDance reports whether name is the URL of a Flask-Dance table.
func IsFlaskDance(name string) bool { return strings.HasPrefix(name, scheme) }

// OpenFlaskDance opens the table that name, a URL, names, and returns what closes it.
func OpenFlaskDance(name string, c flaskdance.TableConfig) (*flaskdance.Table, func() error, error) {
	name = strings.TrimPrefix(name, scheme)
	_, open, err := storages.Database(name)
	if err != nil {
		return nil, nil, err
	}
	switch engine, where, _ := strings.Cut(name, ":"); engine {
	case "sqlite":
		if _, err := os.Stat(where); err != nil { // or it would be made
			return nil, nil, err
		}
		c.Dialect = flaskdance.SQLite()
	case "mysql", "mariadb":
		c.Dialect = flaskdance.MariaDB()
	default:
		c.Dialect = flaskdance.PostgreSQL()
	}
	db, err := open()
	if err != nil {
		return nil, nil, err
	}
	t, err := flaskdance.NewTable(db, c)
	if err != nil {
		return nil, nil, errors.Join(err, db.Close())
	}
	return t, closing(db), nil
}

func closing(db *sql.DB) func() error { return db.Close }

// Rows yields the rows of a Flask-Dance table. Of several for one key only the newest has a record.
func Rows(ctx context.Context, t *flaskdance.Table) (from Source, total int, err error) {
	newest := make(map[token.Key]int64)
	for row, err := range t.Rows(ctx, 0) {
		if err != nil {
			return nil, 0, err
		}
		total++
		newest[row.Key] = row.ID
	}
	return func(yield func(Item, error) bool) {
		for row, err := range t.Rows(ctx, 0) {
			item := Item{Where: fmt.Sprintf("row %d", row.ID), Key: row.Key, Record: row.Record, Err: row.Err}
			if last := newest[row.Key]; last > row.ID {
				item.Err = fmt.Errorf("row %d is newer, and for the same user and provider", last)
			}
			if !yield(item, err) || err != nil {
				return
			}
		}
	}, total, nil
}
