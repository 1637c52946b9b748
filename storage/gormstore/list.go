package gormstore

import (
	"context"
	"database/sql"
	"iter"

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
	db := s.db.WithContext(ctx).Model(new(M)).
		Select([]string{c.provider.DBName, c.owner.DBName, c.account.DBName, c.record.DBName, c.version.DBName}).
		Clauses(clause.OrderBy{Columns: []clause.OrderByColumn{
			{Column: column(c.provider)}, {Column: column(c.owner)}, {Column: column(c.account)},
		}}).
		Limit(pageSize)
	if where := s.listed(f, after); len(where) > 0 {
		db = db.Clauses(clause.Where{Exprs: where})
	}
	rows, err := db.Rows()
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

// listed are the conditions of f, and that a row comes after a key: the next page is found by that
// and not by counting, so that rows that come and go meanwhile hide no other.
func (s *Storage[M]) listed(f token.Filter, after *token.Key) (all []clause.Expression) {
	c := s.columns
	if f.Provider != "" {
		all = append(all, clause.Eq{Column: column(c.provider), Value: Text(f.Provider)})
	}
	if f.User != "" {
		all = append(all, clause.Eq{Column: column(c.owner), Value: Text(f.User)})
	}
	if f.Subject != "" {
		all = append(all, clause.Eq{Column: column(c.subject), Value: Text(f.Subject)})
	}
	if !f.Due.IsZero() {
		all = append(all, clause.Lte{Column: column(c.dueAt), Value: f.Due.UnixMicro()})
	}
	switch {
	case after == nil:
	case f.Provider == "": // MariaDB finds its place by the first of these only
		all = append(all,
			clause.Gte{Column: column(c.provider), Value: Text(after.Provider)},
			clause.Expr{SQL: "(?, ?, ?) > (?, ?, ?)", Vars: []any{
				column(c.provider), column(c.owner), column(c.account),
				Text(after.Provider), Text(after.User), Text(after.Account),
			}})
	default:
		all = append(all,
			clause.Gte{Column: column(c.owner), Value: Text(after.User)},
			clause.Expr{SQL: "(?, ?) > (?, ?)", Vars: []any{
				column(c.owner), column(c.account), Text(after.User), Text(after.Account),
			}})
	}
	return all
}

func column(f *schema.Field) clause.Column {
	return clause.Column{Table: clause.CurrentTable, Name: f.DBName}
}
