package gormstore

import (
	"context"
	"database/sql"
	"iter"
	"slices"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/schema"

	"github.com/waltz-oauth/waltz/token"
)

// List implements [token.Lister]. A list for a user or a subject costs the rows that it finds: each has an
// index in the order of the keys. To delete all tokens of a user, list them and delete each.
func (s *Storage[M]) List(ctx context.Context, f token.Filter) iter.Seq2[token.Entry, error] {
	return func(yield func(token.Entry, error) bool) {
		var after *token.Key
		for {
			page, err := s.page(ctx, f, after)
			if err != nil {
				yield(token.Entry{}, failed("list", token.Key{}, err))
				return
			}
			for _, e := range page {
				if err := ctx.Err(); err != nil {
					yield(token.Entry{}, failed("list", token.Key{}, err))
					return
				}
				// DueAt is in microseconds, and RefreshAt may be finer.
				if f.Match(e.Key, e.Record) && !yield(e, nil) {
					return
				}
			}
			if len(page) < pageSize {
				return
			}
			after = &page[len(page)-1].Key
		}
	}
}

// pageSize is how many rows are read at a time and kept while a loop's body runs.
const pageSize = 500

// page returns the first rows after a key, or of all.
func (s *Storage[M]) page(ctx context.Context, f token.Filter, after *token.Key) ([]token.Entry, error) {
	c := s.columns
	rows, err := s.listing(s.on(ctx).Model(new(M)), f, after).
		Select([]string{c.provider.DBName, c.owner.DBName, c.account.DBName, c.record.DBName, c.version.DBName}).
		Limit(pageSize).Rows()
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var page []token.Entry
	for rows.Next() {
		var provider, owner, account, record, version sql.RawBytes
		if err := rows.Scan(&provider, &owner, &account, &record, &version); err != nil {
			return nil, err
		}
		r, err := decode(nil, record, version)
		if err != nil {
			return nil, err
		}
		key := token.Key{Provider: string(provider), User: string(owner), Account: string(account)}
		page = append(page, token.Entry{Key: key, Record: r})
	}
	return page, rows.Err()
}

// listing adds the conditions of f, that a row comes after a key, and the order. The next page is found by
// its key and not by counting, so that rows that come and go meanwhile hide no other.
func (s *Storage[M]) listing(db *gorm.DB, f token.Filter, after *token.Key) *gorm.DB {
	c := s.columns
	by := column
	if !f.Due.IsZero() && f.User == "" && f.Subject == "" {
		// What engines guess is that much is due, and so they would rather walk the table in the order of the keys.
		by = s.unindexed
	}
	where := func(e clause.Expression) { db = db.Clauses(clause.Where{Exprs: []clause.Expression{e}}) }
	if s.dialect.guesses && c.softly() {
		db = db.Unscoped()
		where(clause.Expr{SQL: "? IS NULL", Vars: []any{s.unindexed(c.deleted[0])}})
	}
	if f.Provider != "" {
		where(clause.Eq{Column: by(c.provider), Value: Text(f.Provider)})
	}
	if f.User != "" {
		where(clause.Eq{Column: column(c.owner), Value: Text(f.User)})
	}
	if f.Subject != "" {
		where(clause.Eq{Column: column(c.subject), Value: Text(f.Subject)})
	}
	if !f.Due.IsZero() {
		where(clause.Lte{Column: column(c.dueAt), Value: f.Due.UnixMicro()})
	}
	// An index is of use for the order only from its first column that may differ.
	var columns, values []any
	for _, part := range []struct {
		fixed bool
		field *schema.Field
		after func(*token.Key) string
	}{
		{f.Provider != "", c.provider, func(k *token.Key) string { return k.Provider }},
		{f.User != "", c.owner, func(k *token.Key) string { return k.User }},
		{false, c.account, func(k *token.Key) string { return k.Account }},
	} {
		if part.fixed {
			continue
		}
		columns = append(columns, by(part.field))
		if after != nil {
			values = append(values, Text(part.after(after)))
		}
	}
	switch {
	case after != nil:
		where(s.dialect.after(columns, values))
	case s.dialect.wantsRange && f == (token.Filter{}):
		where(clause.Expr{SQL: "? >= ?", Vars: []any{columns[0], Text("")}})
	}
	order := "?" + strings.Repeat(", ?", len(columns)-1)
	return db.Clauses(clause.OrderBy{Expression: clause.Expr{SQL: order, Vars: columns}})
}

// after is the condition for rows whose columns come after values.
func (d dialect) after(columns, values []any) clause.Expr {
	switch {
	case len(columns) == 1:
		return clause.Expr{SQL: "? > ?", Vars: []any{columns[0], values[0]}}
	case d.spellOut:
		rest := d.after(columns[1:], values[1:])
		return clause.Expr{SQL: "(? > ? OR ? = ? AND ?)", Vars: []any{columns[0], values[0], columns[0], values[0], rest}}
	default:
		list := "(?" + strings.Repeat(", ?", len(columns)-1) + ")"
		return clause.Expr{SQL: list + " > " + list, Vars: append(slices.Clone(columns), values...)}
	}
}

func column(f *schema.Field) any {
	return clause.Column{Table: clause.CurrentTable, Name: f.DBName}
}

func (s *Storage[M]) unindexed(f *schema.Field) any {
	return clause.Expr{SQL: s.dialect.unindexed, Vars: []any{column(f)}}
}
