package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
)

// texts are the statements of one table.
type texts struct {
	get, load, set, swap, delete string
	probe                        string   // fails unless the table has the columns
	list                         string   // up to its conditions; see listing
	bySubject, byUser, byDue     string   // the same, by an index
	key, plain                   []string // the columns of the key, and the same where no index is wanted for them
}

// atKey is the condition for one row, whose parameters are those of [keyArgs].
const atKey = " WHERE provider = ? AND user_id = ? AND account = ?"

func newTexts(c Config) texts {
	d := c.Dialect
	table := d.Quote + c.table() + d.Quote
	read := "SELECT token, record, version"
	clock := ""
	if d.Clock != "" {
		clock = ", " + d.Clock
	}
	list := "SELECT provider, user_id, account, record, version FROM " + table
	t := texts{
		get:       read + " FROM " + table + atKey,
		load:      read + clock + " FROM " + table + atKey,
		set:       "INSERT INTO " + table + " (token, record, version, subject, due_at, provider, user_id, account) VALUES (?, ?, ?, ?, ?, ?, ?, ?) " + d.Upsert,
		swap:      "UPDATE " + table + " SET token = ?, record = ?, version = ?, subject = ?, due_at = ?" + atKey + " AND version = ?",
		delete:    "DELETE FROM " + table + atKey,
		probe:     "SELECT provider, user_id, account, token, record, version, subject, due_at FROM " + table + " WHERE 1 = 0",
		list:      list,
		bySubject: list + d.useIndex(c.table()+"_subject"),
		byUser:    list + d.useIndex(c.table()+"_user"),
		byDue:     list + d.useIndex(c.table()+"_due"),
		key:       []string{"provider", "user_id", "account"},
	}
	for _, column := range t.key {
		t.plain = append(t.plain, d.noIndex(column))
	}
	for _, text := range []*string{&t.get, &t.load, &t.set, &t.swap, &t.delete} {
		*text = d.bind(*text)
	}
	return t
}

func (d Dialect) useIndex(name string) string {
	if d.UseIndex == "" {
		return ""
	}
	return " " + fmt.Sprintf(d.UseIndex, d.Quote+name+d.Quote)
}

func (d Dialect) noIndex(column string) string {
	if d.NoIndex == "" {
		return column
	}
	return fmt.Sprintf(d.NoIndex, column)
}

// after returns the condition for rows whose columns come after values, and its parameters.
func (d Dialect) after(columns []string, values []any) (condition string, args []any) {
	if !d.SpellOut {
		return "(" + strings.Join(columns, ", ") + ") > (?" + strings.Repeat(", ?", len(values)-1) + ")", values
	}
	first := columns[0] + " > ?"
	if len(columns) == 1 {
		return first, values
	}
	rest, args := d.after(columns[1:], values[1:])
	return "(" + first + " OR " + columns[0] + " = ? AND " + rest + ")", append([]any{values[0], values[0]}, args...)
}

// bind writes the parameters of query, which are ?, as the engine wants them.
func (d Dialect) bind(query string) string {
	if !d.Numbered {
		return query
	}
	var b strings.Builder
	for i, part := range strings.Split(query, "?") {
		if i > 0 {
			b.WriteString("$" + strconv.Itoa(i))
		}
		b.WriteString(part)
	}
	return b.String()
}

// runner runs statements: a [*sql.DB], a [*sql.Tx] or prepared.
type runner interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// prepared is a runner that prepares each statement at its first use and keeps it. There are only
// as many as texts and the conditions of a list make.
type prepared struct {
	db  *sql.DB
	mu  sync.RWMutex
	all map[string]*sql.Stmt // nil: closed
}

func (p *prepared) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	stmt, err := p.statement(ctx, query) //nolint:sqlclosecheck // Close does
	if err != nil {
		return nil, err
	}
	return stmt.ExecContext(ctx, args...)
}

func (p *prepared) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	stmt, err := p.statement(ctx, query) //nolint:sqlclosecheck // Close does
	if err != nil {
		return nil, err
	}
	return stmt.QueryContext(ctx, args...)
}

func (p *prepared) statement(ctx context.Context, query string) (*sql.Stmt, error) {
	p.mu.RLock()
	stmt := p.all[query]
	p.mu.RUnlock()
	if stmt != nil {
		return stmt, nil
	}
	// Two may come here at once: no lock is held while the engine is asked, and the second to be
	// back closes its own.
	stmt, err := p.db.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if first := p.all[query]; first != nil {
		return first, stmt.Close() //nolint:sqlclosecheck // the other is kept
	}
	if p.all == nil {
		_ = stmt.Close()
		return nil, errClosed
	}
	p.all[query] = stmt
	return stmt, nil
}

var errClosed = errors.New("storage is closed")

func (p *prepared) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	var errs []error
	for _, stmt := range p.all {
		errs = append(errs, stmt.Close())
	}
	p.all = nil
	return errors.Join(errs...)
}
