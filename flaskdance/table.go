package flaskdance

import (
	"cmp"
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/waltz-oauth/waltz/token"
)

// TableConfig says which table, and what its columns are called. The zero value of a field means
// Flask-Dance's name.
type TableConfig struct {
	Dialect Dialect // of the engine; required

	Table     string // "flask_dance_oauth"
	ID        string // "id", a whole number that the engine draws
	Provider  string // "provider"
	CreatedAt string // "created_at"
	Token     string // "token"
	User      string // "user_id", where the table has that; a column that is named here must be there; as text it is the key's User

	// Account is a column for a key's account; without one, keys that have an account are refused.
	// Flask-Dance knows of none, and fails where a user has two rows of a provider.
	Account string
}

func (c TableConfig) table() string    { return cmp.Or(c.Table, "flask_dance_oauth") }
func (c TableConfig) id() string       { return cmp.Or(c.ID, "id") }
func (c TableConfig) provider() string { return cmp.Or(c.Provider, "provider") }
func (c TableConfig) created() string  { return cmp.Or(c.CreatedAt, "created_at") }
func (c TableConfig) token() string    { return cmp.Or(c.Token, "token") }

// Table keeps tokens in Flask-Dance's table, as SQLAlchemy made it: what one side writes the other
// reads. Columns besides those of [TableConfig] are left alone.
//
// Which columns there are, and of which types, is asked once.
//
// Nothing in that table is unique. Of several rows of one key, which Flask-Dance's own writers can
// leave and then fail at, the newest counts, and a write removes the others. A Table leaves no second
// row, whoever writes at the same time: docs/decisions/012-flask-dance-table.md says how. Nothing is
// indexed either, so each call reads the whole table, as Flask-Dance's do; an index on provider and
// user_id helps both.
//
// A key that the columns cannot hold, such as a user that is no number where user_id is one, is
// refused with [token.ErrKey]. User 0 is nobody to Flask-Dance, which never finds its token.
type Table struct {
	db     *sql.DB
	config TableConfig
	writer chan struct{} // holds one value while someone writes, so that the others wait in no connection

	known atomic.Pointer[layout]
}

var (
	_ token.Versioned = (*Table)(nil)
	_ token.Lister    = (*Table)(nil)
)

// NewTable returns the storage in db, which it does not touch. That the table is wrong or missing is
// an error of the first call.
func NewTable(db *sql.DB, c TableConfig) (*Table, error) {
	if db == nil || c.Dialect.quote == "" {
		return nil, errors.New("flaskdance: no database or no Dialect given")
	}
	for what, name := range map[string]string{
		"table": c.table(), "column ID": c.id(), "column Provider": c.provider(), "column CreatedAt": c.created(),
		"column Token": c.token(), "column User": cmp.Or(c.User, "user_id"), "column Account": cmp.Or(c.Account, "none"),
	} {
		if err := checkIdentifier(what, name); err != nil {
			return nil, err
		}
	}
	return &Table{db: db, config: c, writer: make(chan struct{}, 1)}, nil
}

// Reach reports how far the table is seen.
func (t *Table) Reach() token.Reach { return t.config.Dialect.reach }

// Get implements [token.Storage].
func (t *Table) Get(ctx context.Context, key token.Key) (token.Record, error) {
	r, err := t.get(ctx, key)
	r.Now = time.Time{}
	return r, failed("get", key, err)
}

// Load implements [token.Versioned]. On SQLite, Now is this host's clock.
func (t *Table) Load(ctx context.Context, key token.Key) (token.Record, error) {
	r, err := t.get(ctx, key)
	return r, failed("load", key, err)
}

func (t *Table) get(ctx context.Context, key token.Key) (token.Record, error) {
	l, err := t.layout(ctx)
	if err != nil {
		return token.Record{}, err
	}
	if err := l.check(key); err != nil {
		return token.Record{}, err
	}
	found, _, err := t.find(ctx, t.db, l, key, "")
	if err != nil {
		return token.Record{}, err
	}
	if len(found) == 0 {
		return token.Record{}, token.ErrNotFound
	}
	return found[len(found)-1].record()
}

// Set implements [token.Storage].
func (t *Table) Set(ctx context.Context, key token.Key, r token.Record) error {
	_, err := t.write(ctx, key, nil, r)
	return failed("set", key, err)
}

// Swap implements [token.Versioned].
func (t *Table) Swap(ctx context.Context, key token.Key, old token.Version, r token.Record) (token.Version, error) {
	version, err := t.write(ctx, key, &old, r)
	return version, failed("swap", key, err)
}

// Delete implements [token.Storage].
func (t *Table) Delete(ctx context.Context, key token.Key) error {
	l, err := t.layout(ctx)
	if err == nil {
		err = l.check(key)
	}
	if err == nil {
		err = t.locked(ctx, func(tx *sql.Tx) error {
			found, _, err := t.find(ctx, tx, l, key, t.config.Dialect.locking)
			if err != nil {
				return err
			}
			return t.remove(ctx, tx, found)
		})
	}
	return failed("delete", key, err)
}

// maxToken keeps a row well below what every engine takes, and far above any token.
const maxToken = 8 << 20

// write stores r at key: if old is given, only where that is what is stored.
func (t *Table) write(ctx context.Context, key token.Key, old *token.Version, r token.Record) (version token.Version, err error) {
	l, err := t.layout(ctx)
	if err != nil {
		return "", err
	}
	if err := l.check(key); err != nil {
		return "", err
	}
	if old != nil { // a look without a lock settles most conflicts
		if now, err := t.get(ctx, key); err != nil && !errors.Is(err, token.ErrNotFound) {
			return "", err
		} else if err != nil || now.Version != *old {
			return "", token.ErrConflict
		}
	}
	text, err := encode(r, newMember("write", quote(rand.Text()))) // so that no two writes are alike
	if err != nil {
		return "", err
	}
	if len(text) > maxToken {
		return "", fmt.Errorf("%w: it has %d bytes, and at most %d are kept", token.ErrTooLarge, len(text), maxToken)
	}
	err = t.locked(ctx, func(tx *sql.Tx) error {
		text := text // each try has its own
		found, alike, err := t.find(ctx, tx, l, key, t.config.Dialect.locking)
		switch {
		case err != nil:
			return err
		case old != nil && (len(found) == 0 || found[len(found)-1].version() != *old):
			return token.ErrConflict
		case alike:
			return fmt.Errorf("%w: to the engine it is the same as another that is stored, which to Flask-Dance would be a second row", token.ErrKey)
		case len(found) == 0:
			bare, ok := plain(r)
			if ok {
				text = bare
			}
			if err = t.insert(ctx, tx, l, key, text); err == nil && ok {
				_, err = t.confirm(ctx, tx, l, key, text)
			}
		default:
			last := len(found) - 1
			if err = t.update(ctx, tx, found[last].id, text, old == nil); err == nil {
				err = t.remove(ctx, tx, found[:last])
			}
		}
		version = versionOf(text)
		if err == nil && t.config.Dialect.changes {
			version, err = t.confirm(ctx, tx, l, key, text)
		}
		return err
	})
	return version, err
}

// confirm looks whether what was written is what a reader will find.
func (t *Table) confirm(ctx context.Context, tx *sql.Tx, l *layout, key token.Key, text string) (token.Version, error) {
	found, _, err := t.find(ctx, tx, l, key, "")
	switch {
	case err != nil:
		return "", err
	case len(found) != 1:
		return "", fmt.Errorf("%w: the engine gives another back", token.ErrKey)
	case !sameJSON(found[0].text, text):
		return "", fmt.Errorf("%w for this engine, which gives another back: is the column of the type JSON?", token.ErrTooLarge)
	}
	return found[0].version(), nil
}
