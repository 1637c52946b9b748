package flaskdance

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/waltz-oauth/waltz/token"
)

// layout is what the engine says of the table: Flask-Dance's models differ.
type layout struct {
	provider column
	user     *column // nil: the table has none
	account  *column
}

type column struct {
	name     string
	bits     int  // of a whole number; 0: it is text
	uuid     bool // of 36 characters
	longest  int  // in characters; 0: no limit
	required bool
}

// layout asks the engine for the table's columns when it is first needed.
func (t *Table) layout(ctx context.Context) (*layout, error) {
	if l := t.known.Load(); l != nil {
		return l, nil
	}
	all, err := t.columns(ctx)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("there is no table %s", t.config.table())
	}
	for _, name := range []string{t.config.id(), t.config.provider(), t.config.created(), t.config.token()} {
		if _, there := all[name]; !there {
			return nil, fmt.Errorf("table %s has no column %s", t.config.table(), name)
		}
	}
	l := &layout{provider: all[t.config.provider()]}
	for _, c := range []struct {
		name, usual string
		into        **column
	}{{t.config.User, "user_id", &l.user}, {t.config.Account, "", &l.account}} {
		found, there := all[c.name]
		if c.name == "" {
			found, there = all[c.usual]
		} else if !there {
			return nil, fmt.Errorf("table %s has no column %s", t.config.table(), c.name)
		}
		if there {
			*c.into = &found
		}
	}
	t.known.Store(l)
	return l, nil
}

func (t *Table) columns(ctx context.Context) (map[string]column, error) {
	d, name := t.config.Dialect, t.config.table()
	if d.numbered { // to_regclass wants it quoted
		name = d.name(name)
	}
	rows, err := t.db.QueryContext(ctx, d.bind(d.columns), name)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	all := make(map[string]column)
	for rows.Next() {
		var c column
		var kind string
		if err := rows.Scan(&c.name, &kind, &c.required); err != nil {
			return nil, err
		}
		kind = strings.ToLower(kind)
		switch {
		case kind == "jsonb" && c.name == t.config.token():
			return nil, fmt.Errorf("column %s of table %s is jsonb, which does not keep a token as it is: want json", c.name, t.config.table())
		case kind == "uuid":
			c.uuid = true
		case strings.HasPrefix(kind, "bigint"), d.reach == token.Host && strings.Contains(kind, "int"):
			c.bits = 64
		case strings.HasPrefix(kind, "mediumint"):
			c.bits = 24
		case strings.HasPrefix(kind, "smallint"):
			c.bits = 16
		case strings.HasPrefix(kind, "tinyint"):
			c.bits = 8
		case strings.HasPrefix(kind, "int"):
			c.bits = 32
		case d.reach != token.Host && strings.Contains(kind, "char"): // SQLite takes text of any length
			n := regexp.MustCompile(`\((\d+)\)`).FindStringSubmatch(kind)
			if n != nil {
				c.longest, _ = strconv.Atoi(n[1])
			}
		}
		all[c.name] = c
	}
	return all, rows.Err()
}

// check refuses a key that the table could not give back exactly.
func (l *layout) check(key token.Key) error {
	for _, part := range []struct {
		name, value string
		in          *column
	}{{"provider", key.Provider, &l.provider}, {"user", key.User, l.user}, {"account", key.Account, l.account}} {
		if err := part.in.check(part.value); err != nil {
			return fmt.Errorf("%w: its %s %w", token.ErrKey, part.name, err)
		}
	}
	return nil
}

func (c *column) check(value string) error {
	switch {
	case c == nil && value != "":
		return errors.New("has no column in this table")
	case c == nil:
		return nil
	case value == "" && c.required:
		return errors.New("is empty, and the table wants one")
	case value == "":
		return nil
	case !utf8.ValidString(value) || strings.Contains(value, "\x00"):
		return errors.New("is no text that every engine keeps")
	case c.bits > 0:
		n, err := strconv.ParseInt(value, 10, c.bits)
		if err != nil || strconv.FormatInt(n, 10) != value {
			return errors.New("is no whole number that the column holds")
		}
	case c.uuid && !regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`).MatchString(value):
		return errors.New("is no UUID, of which the column is")
	case c.longest > 0 && utf8.RuneCountInString(value) > c.longest:
		return fmt.Errorf("has more than the %d characters of the column", c.longest)
	}
	return nil
}

// argument is value as a parameter for the column; nil, which is NULL, where it is empty.
func (c *column) argument(value string) any {
	switch {
	case value == "":
		return nil
	case c.bits > 0:
		n, _ := strconv.ParseInt(value, 10, 64) // as check has seen
		return n
	default:
		return value
	}
}
