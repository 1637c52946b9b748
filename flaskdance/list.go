package flaskdance

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"

	"github.com/waltz-oauth/waltz/token"
)

// List implements [token.Lister]. It reads the whole table, whatever is asked for, and keeps what it
// finds, less the tokens, until it is yielded. Rows that hold no token are left out.
func (t *Table) List(ctx context.Context, f token.Filter) iter.Seq2[token.Entry, error] {
	return func(yield func(token.Entry, error) bool) {
		newest := make(map[token.Key]token.Record)
		for row, err := range t.Rows(ctx, math.MinInt32) {
			if err != nil {
				yield(token.Entry{}, err)
				return
			}
			delete(newest, row.Key)
			row.Record.Token = nil
			if row.Err == nil && f.Match(row.Key, row.Record) {
				newest[row.Key] = row.Record
			}
		}
		found := make([]token.Entry, 0, len(newest))
		for key, r := range newest {
			found = append(found, token.Entry{Key: key, Record: r})
		}
		slices.SortFunc(found, func(a, b token.Entry) int { return a.Key.Compare(b.Key) })
		for _, e := range found {
			if err := ctx.Err(); err != nil {
				yield(token.Entry{}, failed("list", token.Key{}, err))
				return
			}
			if !yield(e, nil) {
				return
			}
		}
	}
}

// Row is a row of the table, as an import reads it.
type Row struct {
	ID     int64 // in the order of which rows are read
	Key    token.Key
	Record token.Record
	Err    error // what stands in the row is no token; Record is empty
}

var errNobody = errors.New("its user is empty, which is neither a user nor NULL")

// Rows yields all rows with ids after the one given, tokens included. It holds no connection while the
// loop's body runs. After an error it yields nothing more.
func (t *Table) Rows(ctx context.Context, after int64) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		l, err := t.layout(ctx)
		if err != nil {
			yield(Row{}, failed("list", token.Key{}, err))
			return
		}
		const pageSize = 500
		id := t.config.Dialect.name(t.config.id())
		for {
			page, err := t.query(ctx, t.db, l, fmt.Sprintf(" WHERE %s > ? ORDER BY %s LIMIT %d", id, id, pageSize), after)
			if err != nil {
				yield(Row{}, failed("list", token.Key{}, err))
				return
			}
			for _, r := range page {
				out := Row{ID: r.id, Key: r.key}
				if out.Record, out.Err = r.record(); r.nobody {
					out.Record, out.Err = token.Record{}, errNobody
				}
				if err := ctx.Err(); err != nil {
					yield(Row{}, failed("list", token.Key{}, err))
					return
				}
				if !yield(out, nil) {
					return
				}
			}
			if len(page) < pageSize {
				return
			}
			after = page[len(page)-1].id
		}
	}
}
