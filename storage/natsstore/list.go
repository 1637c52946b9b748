package natsstore

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/nats-io/nats.go"
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

// page is how many messages are asked for at a time.
const page = 1000

var errLost = errors.New("messages were lost on the way, again and again")

// walk calls f with the last message of each subject that the filter matches, without its body. One may
// come again, as it is then, when it is written meanwhile or others were lost on the way.
func (s *Storage) walk(ctx context.Context, filter string, f func(jetstream.Msg, *jetstream.MsgMetadata)) error {
	for range 3 {
		if err := ctx.Err(); err != nil {
			return err
		}
		if whole, err := s.tryWalk(ctx, filter, f); err != nil || whole {
			return err
		}
	}
	return errLost
}

// tryWalk reports whether all messages came. What a server sent to a connection that was just lost, or to a
// client that had given up waiting, it does not send again, and it may not even count it. So all that is asked
// for must come. Where there are replicas, one that lags may be the one that is read: it must come as far as
// the leader was when the walk began.
func (s *Storage) tryWalk(ctx context.Context, filter string, f func(jetstream.Msg, *jetstream.MsgMetadata)) (whole bool, err error) {
	last, err := s.last(ctx, filter)
	if err != nil || last == 0 {
		return true, err
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
		return false, err
	}
	name, left := consumer.CachedInfo().Name, consumer.CachedInfo().NumPending
	defer func() {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
		defer cancel()
		_ = s.stream.DeleteConsumer(end, name)
	}()
	for seen := uint64(0); left > 0 || seen < last; {
		fetch, came, want := consumer.FetchNoWait, 0, int(min(left, page))
		if left == 0 {
			fetch, want = waiting(consumer), 1 // for the replica
		}
		batch, err := fetch(want)
		if err != nil {
			return false, err
		}
		for m := range batch.Messages() {
			at, err := m.Metadata()
			if err != nil {
				return false, err
			}
			came++
			seen, left = at.Sequence.Stream, at.NumPending
			f(m, at)
		}
		switch err := batch.Error(); {
		case errors.Is(err, nats.ErrNoResponders) && ctx.Err() == nil:
			time.Sleep(10 * time.Millisecond) // the cluster has not heard of the consumer everywhere
		case err != nil || came != want:
			return false, err
		}
	}
	return true, nil
}

// waiting fetches what comes within a second.
func waiting(c jetstream.Consumer) func(int) (jetstream.MessageBatch, error) {
	return func(n int) (jetstream.MessageBatch, error) { return c.Fetch(n, jetstream.FetchMaxWait(time.Second)) }
}

// last returns the revision of the last message that the filter matches, by the leader's word; 0 if there
// is none.
func (s *Storage) last(ctx context.Context, filter string) (uint64, error) {
	m, err := s.stream.GetLastMsgForSubject(ctx, filter)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return m.Sequence, nil
}
