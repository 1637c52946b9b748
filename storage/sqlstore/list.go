package sqlstore

import (
	"context"
	"database/sql"
	"iter"
	"strings"

	"github.com/waltz-oauth/waltz/token"
)

// List implements [token.Lister]. It costs the rows that it finds and not the table, whichever of
// provider, user, subject and due is asked for: each has an index. A list of what is due sorts all
// that is due for every 500 that it yields.
func (s *Storage) List(ctx context.Context, f token.Filter) iter.Seq2[token.Entry, error] {
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
				// due_at is in microseconds, and RefreshAt may be finer.
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

// page returns the first rows after a key, or of all. The next page is found by its key and not by
// counting, so that rows that come and go meanwhile hide no other.
func (s *Storage) page(ctx context.Context, f token.Filter, after *token.Key) ([]token.Entry, error) {
	query, args := s.listing(f, after)
	rows, err := s.run.QueryContext(ctx, s.config.Dialect.bind(query), args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var page []token.Entry
	for rows.Next() {
		e, err := entry(rows)
		if err != nil {
			return nil, err
		}
		page = append(page, e)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	return page, nil
}

// listing returns the statement for a page: which conditions it has depends on f, and what they are
// compared with is in its parameters. It says by which index, since an engine that does not know
// how few rows there are for one user would rather walk the table in the order of the keys.
func (s *Storage) listing(f token.Filter, after *token.Key) (query string, args []any) {
	columns := s.text.plain
	switch {
	case f.Subject != "":
		query = s.text.bySubject
	case f.User != "":
		query = s.text.byUser
	case !f.Due.IsZero():
		query = s.text.byDue
	default:
		query, columns = s.text.list, s.text.key
	}
	where := " WHERE "
	and := func(condition string, more ...any) {
		query += where + condition
		where = " AND "
		args = append(args, more...)
	}
	if f.User != "" {
		and("user_id = ?", []byte(f.User))
	}
	if f.Subject != "" {
		and("subject = ?", []byte(f.Subject))
	}
	if !f.Due.IsZero() {
		and("due_at <= ?", f.Due.UnixMicro())
	}
	first := 0
	if f.Provider != "" {
		and(columns[0]+" = ?", []byte(f.Provider))
		first = 1 // an index is of use only from its first column that may differ
	}
	if after != nil {
		condition, values := s.config.Dialect.after(columns[first:], keyArgs(*after)[first:])
		and(condition, values...)
	}
	return query + " ORDER BY " + strings.Join(columns[first:], ", ") + " LIMIT ?", append(args, pageSize)
}

func entry(rows *sql.Rows) (e token.Entry, err error) {
	var provider, user, account, record sql.RawBytes
	var version string
	if err := rows.Scan(&provider, &user, &account, &record, &version); err != nil {
		return e, err
	}
	e.Key = token.Key{Provider: string(provider), User: string(user), Account: string(account)}
	e.Record, err = decode(nil, record, version)
	return e, err
}
