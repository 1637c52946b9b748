package gormstore

import (
	"context"
	"database/sql"
	"iter"

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
	where := func(sql string, vars ...any) {
		db = db.Clauses(clause.Where{Exprs: []clause.Expression{clause.Expr{SQL: sql, Vars: vars}}})
	}
	if s.dialect.guesses && c.softly() {
		db = db.Unscoped()
		where("? IS NULL", unindexed(c.deleted[0]))
	}
	if f.Provider != "" {
		where("? = ?", column(c.provider), Text(f.Provider))
	}
	if f.User != "" {
		where("? = ?", column(c.owner), Text(f.User))
	}
	if f.Subject != "" {
		where("? = ?", column(c.subject), Text(f.Subject))
	}
	if !f.Due.IsZero() {
		where("? <= ?", column(c.dueAt), f.Due.UnixMicro())
		if s.dialect.guesses && f.User == "" && f.Subject == "" {
			by = unindexed
		}
	}
	provider, owner, account := by(c.provider), by(c.owner), by(c.account)
	switch { // MariaDB finds its place by the first of each two only
	case after == nil:
	case f.Provider == "":
		where("? >= ?", provider, Text(after.Provider))
		where("(?, ?, ?) > (?, ?, ?)", provider, owner, account, Text(after.Provider), Text(after.User), Text(after.Account))
	default:
		where("? >= ?", owner, Text(after.User))
		where("(?, ?) > (?, ?)", owner, account, Text(after.User), Text(after.Account))
	}
	return db.Clauses(clause.OrderBy{Expression: clause.Expr{SQL: "?, ?, ?", Vars: []any{provider, owner, account}}})
}

func column(f *schema.Field) any {
	return clause.Column{Table: clause.CurrentTable, Name: f.DBName}
}

// unindexed is a column in such a form that SQLite looks for no index on it.
func unindexed(f *schema.Field) any { return clause.Expr{SQL: "+?", Vars: []any{column(f)}} }
