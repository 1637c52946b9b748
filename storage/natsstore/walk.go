package natsstore

import (
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// walk calls f with the last message of each subject that the filter matches, without its body.
//
// It goes as far as the leader was when it began, which the replica that is read may not be yet. Messages
// that are written meanwhile are gone from where they were and stand farther on, so it goes on from there, until
// it has caught up or ten times: none is written that often in so short a time. They may come twice.
func (s *Storage) walk(ctx context.Context, filter string, f func(jetstream.Msg, *jetstream.MsgMetadata)) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	last, err := s.last(ctx, filter)
	if err != nil || last == 0 {
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
	info := consumer.CachedInfo()
	defer func() {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
		defer cancel()
		_ = s.stream.DeleteConsumer(end, info.Name)
	}()
	r := reader{nc: s.js.Conn(), consumer: consumer, f: f, left: info.NumPending}
	begun := last
	for range 10 {
		for short := false; !short && r.seen < last; {
			if short, err = r.page(ctx); err != nil {
				return err
			}
		}
		if last, err = s.last(ctx, filter); err != nil || last <= r.seen {
			return err
		}
	}
	if r.seen < begun {
		return errLost
	}
	return nil
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

// reader reads what a consumer has.
type reader struct {
	nc       *nats.Conn
	consumer jetstream.Consumer
	f        func(jetstream.Msg, *jetstream.MsgMetadata)
	seen     uint64 // the revision of the last message that came
	left     uint64 // how many there are behind it, as far as the server knows
	unheard  int    // how often nobody knew of the consumer
}

// errLost says that messages may have been lost. What a server sent to a connection that was just lost, or
// to a client that had given up waiting, it does not send again, and it may not even count it.
var errLost = errors.New("messages were lost on the way")

// page reads some messages. It reports whether there were less than it asked for, as where some were removed
// meanwhile.
func (r *reader) page(ctx context.Context) (short bool, err error) {
	const most, patience = 1000, time.Second // the library gives up after a second
	before, start := r.nc.Stats().Reconnects, time.Now()
	want := int(min(r.left, most))
	var batch jetstream.MessageBatch
	if want > 0 {
		batch, err = r.consumer.FetchNoWait(want)
	} else {
		want = 1
		batch, err = r.consumer.Fetch(want, jetstream.FetchMaxWait(patience/2)) // it will be there in a moment
	}
	if err != nil {
		return false, err
	}
	for m := range batch.Messages() {
		at, err := m.Metadata()
		if err != nil {
			return false, err
		}
		want--
		r.seen, r.left = at.Sequence.Stream, at.NumPending
		r.f(m, at)
	}
	switch err := batch.Error(); {
	case errors.Is(err, nats.ErrNoResponders) && r.unheard < 100 && ctx.Err() == nil:
		r.unheard++
		time.Sleep(10 * time.Millisecond) // the cluster has not heard of the consumer everywhere
		return false, nil
	case err != nil || want == 0:
		return false, err
	case time.Since(start) >= patience || !r.nc.IsConnected() || r.nc.Stats().Reconnects != before:
		return false, errLost
	default:
		r.left = 0
		return true, nil
	}
}
