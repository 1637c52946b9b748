package natsstore

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/waltz-oauth/waltz/token"
)

// List is [token.Lister]'s. It reads all records of f's provider and user before the loop begins, though
// not their tokens, and keeps those that match: what is due, or has a subject, is not found by an index.
// Entries that something else wrote are one error, after all others.
func (s *Storage) List(ctx context.Context, f token.Filter) iter.Seq2[token.Entry, error] {
	return func(yield func(token.Entry, error) bool) {
		all, err := s.matching(ctx, f)
		for _, e := range all {
			if ctx.Err() != nil {
				break
			}
			if !yield(e, nil) {
				return
			}
		}
		if err := errors.Join(ctx.Err(), err); err != nil {
			yield(token.Entry{}, s.failed("list", token.Key{}, err))
		}
	}
}

// matching returns the entries that it could read, and an error for the others.
func (s *Storage) matching(ctx context.Context, f token.Filter) ([]token.Entry, error) {
	found := make(map[token.Key]token.Record)
	damaged := make(map[string]bool)
	err := s.walk(ctx, s.filter(f), func(m jetstream.Msg, _ *jetstream.MsgMetadata) {
		if gone(m.Headers()) {
			return
		}
		key, ok := s.keyOf(m.Subject())
		r, err := decode(m.Headers(), nil)
		switch {
		case !ok || err != nil:
			damaged[m.Subject()] = true
		case f.Match(key, r):
			found[key] = r
		}
	})
	if err != nil {
		return nil, err
	}
	all := make([]token.Entry, 0, len(found))
	for key, r := range found {
		all = append(all, token.Entry{Key: key, Record: r})
	}
	slices.SortFunc(all, func(a, b token.Entry) int { return a.Key.Compare(b.Key) })
	if len(damaged) > 0 {
		err = fmt.Errorf("%d entries: %w", len(damaged), ErrDamaged)
	}
	return all, err
}
