package flaskdance

import (
	"context"
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
