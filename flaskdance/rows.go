package flaskdance

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/waltz-oauth/waltz/internal/cookie"
	"github.com/waltz-oauth/waltz/token"
)

// row is a row of the table.
type row struct {
	id            int64
	key           token.Key
	created, text string
	now           time.Time
	nobody        bool // the user is text, and empty
}

// version tells this state of the row from every other: what is written here has something random in it,
// and what Flask-Dance writes is a new row.
func (r row) version() token.Version {
	if strings.Contains(r.text, quote(memo)) {
		return versionOf(r.text)
	}
	return token.Version(cookie.Tag("row", strconv.FormatInt(r.id, 10), r.created, r.text))
}

func versionOf(text string) token.Version { return token.Version(cookie.Tag("text", text)) }

func (r row) record() (token.Record, error) {
	rec, err := decode(r.text)
	if err != nil {
		return token.Record{}, err
	}
	rec.Version, rec.Now = r.version(), r.now
	return rec, nil
}

type runner interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// find returns the rows at key in the order of their ids, and whether the engine takes those of
// another key for the same.
func (t *Table) find(ctx context.Context, run runner, l *layout, key token.Key, locking string) (found []row, alike bool, err error) {
	d := t.config.Dialect
	where, args := " WHERE "+d.name(l.provider.name)+" = ?", []any{key.Provider}
	for _, part := range []struct {
		in    *column
		value string
	}{{l.user, key.User}, {l.account, key.Account}} {
		switch {
		case part.in == nil:
		case part.value == "":
			where += " AND " + d.name(part.in.name) + " IS NULL"
		default:
			where += " AND " + d.asText(part.in.name) + " = ?"
			args = append(args, part.value)
		}
	}
	all, err := t.query(ctx, run, l, where+" ORDER BY "+d.name(t.config.id())+locking, args...)
	for _, r := range all {
		if r.key == key {
			found = append(found, r)
		} else {
			alike = true
		}
	}
	return found, alike, err
}

func (t *Table) query(ctx context.Context, run runner, l *layout, rest string, args ...any) ([]row, error) {
	d := t.config.Dialect
	optional := func(c *column) string {
		if c == nil {
			return "NULL"
		}
		return d.asText(c.name)
	}
	query := "SELECT " + strings.Join([]string{
		d.name(t.config.id()), d.name(l.provider.name), optional(l.user), optional(l.account),
		d.asText(t.config.created()), d.asText(t.config.token()), d.clock,
	}, ", ") + " FROM " + d.name(t.config.table()) + rest
	rows, err := run.QueryContext(ctx, d.bind(query), args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	now := time.Now()
	var all []row
	for rows.Next() {
		var r row
		var user, account sql.NullString
		var clock sql.NullInt64
		if err := rows.Scan(&r.id, &r.key.Provider, &user, &account, &r.created, &r.text, &clock); err != nil {
			return nil, err
		}
		r.key.User, r.key.Account = user.String, account.String
		r.nobody = user.Valid && user.String == ""
		r.now = now.UTC()
		if clock.Valid {
			r.now = time.UnixMicro(clock.Int64).UTC()
		}
		all = append(all, r)
	}
	return all, rows.Err()
}

func (t *Table) insert(ctx context.Context, tx *sql.Tx, l *layout, key token.Key, text string) error {
	d := t.config.Dialect
	columns := []string{d.name(t.config.created()), d.name(t.config.token()), d.name(l.provider.name)}
	values, args := []string{d.now, "?", "?"}, []any{text, key.Provider}
	for _, part := range []struct {
		in    *column
		value string
	}{{l.user, key.User}, {l.account, key.Account}} {
		if part.in != nil {
			columns, values = append(columns, d.name(part.in.name)), append(values, "?")
			args = append(args, part.in.argument(part.value))
		}
	}
	_, err := tx.ExecContext(ctx, d.bind("INSERT INTO "+d.name(t.config.table())+" ("+strings.Join(columns, ", ")+
		") VALUES ("+strings.Join(values, ", ")+")"), args...)
	return err
}

// update gives a row another token, and another id where the engine can, as Flask-Dance does: a request
// there that still holds the row fails then, where it would write an old token over this one. A new
// grant is created now.
func (t *Table) update(ctx context.Context, tx *sql.Tx, id int64, text string, grant bool) error {
	d := t.config.Dialect
	set := []string{d.name(t.config.token()) + " = ?"}
	if d.newID != "" {
		set = append(set, t.fill(d.newID))
	}
	if grant {
		set = append(set, d.name(t.config.created())+" = "+d.now)
	}
	_, err := tx.ExecContext(ctx, d.bind("UPDATE "+d.name(t.config.table())+" SET "+strings.Join(set, ", ")+
		" WHERE "+d.name(t.config.id())+" = ?"), text, id)
	return err
}

func (t *Table) remove(ctx context.Context, tx *sql.Tx, all []row) error {
	d := t.config.Dialect
	for _, r := range all {
		if _, err := tx.ExecContext(ctx, d.bind("DELETE FROM "+d.name(t.config.table())+" WHERE "+d.name(t.config.id())+" = ?"), r.id); err != nil {
			return err
		}
	}
	return nil
}

// sameJSON reports whether a and b are one JSON value, numbers as they are spelled.
func sameJSON(a, b string) bool {
	if a == b {
		return true
	}
	var values [2]any
	for i, text := range []string{a, b} {
		d := json.NewDecoder(bytes.NewBufferString(text))
		d.UseNumber()
		if d.Decode(&values[i]) != nil {
			return false
		}
	}
	return reflect.DeepEqual(values[0], values[1])
}
