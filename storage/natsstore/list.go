package natsstore

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

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
	damaged := 0
	err := s.walk(ctx, s.filter(f), func(m jetstream.Msg, _ *jetstream.MsgMetadata) {
		key, ok := s.keyOf(m.Subject())
		r, err := decode(m.Headers(), nil)
		switch {
		case gone(m.Headers()), ok && err == nil && !f.Match(key, r):
			delete(found, key) // which was listed, if it was written meanwhile
		case ok && err == nil:
			found[key] = r
		default:
			damaged++
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
	if damaged > 0 {
		err = fmt.Errorf("%d entries: %w", damaged, ErrDamaged)
	}
	return all, err
}

// page is how many messages are asked for at a time.
const page = 1000

var errLost = errors.New("messages were lost on the way")

// walk calls f with the last message of each subject that the filter matches, without its body. One that
// is written meanwhile may come twice.
func (s *Storage) walk(ctx context.Context, filter string, f func(jetstream.Msg, *jetstream.MsgMetadata)) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	consumer, err := s.stream.CreateConsumer(ctx, jetstream.ConsumerConfig{
		DeliverPolicy:     jetstream.DeliverLastPerSubjectPolicy,
		FilterSubject:     filter,
		AckPolicy:         jetstream.AckNonePolicy,
		HeadersOnly:       true,
		MemoryStorage:     true,
		Replicas:          1,
		InactiveThreshold: time.Minute, // where it is not deleted below
	})
	if err != nil {
		return err
	}
	name := consumer.CachedInfo().Name
	defer func() {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
		defer cancel()
		_ = s.stream.DeleteConsumer(end, name)
	}()
	left, came := consumer.CachedInfo().NumPending, uint64(0)
	for left > 0 {
		batch, err := consumer.FetchNoWait(int(min(left, page)))
		if err != nil {
			return err
		}
		before := came
		for m := range batch.Messages() {
			meta, err := m.Metadata()
			if err != nil {
				return err
			}
			came++
			if meta.Sequence.Consumer != came {
				return errLost
			}
			left = meta.NumPending
			f(m, meta)
		}
		if err := batch.Error(); err != nil {
			return err
		}
		if came > before {
			continue
		}
		// What was left has been removed, or the connection is down.
		info, err := consumer.Info(ctx)
		if err != nil {
			return err
		}
		if info.Delivered.Consumer != came {
			return errLost
		}
		left = info.NumPending
	}
	return nil
}
