package natsstore

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Sweep removes what [Storage.Delete] left of keys that were deleted more than an hour ago: some hundred
// bytes for each, and its name. It reads all keys, so once a day is often enough; without it everything
// works, and lists take longer.
//
// It leaves what is younger, by the clock of the servers. There it is what keeps a token deleted: a server
// that dies may forget, up to minutes later, that it had removed the token, and finds out by the message that
// stands behind it.
func (s *Storage) Sweep(ctx context.Context) error {
	if err := s.sweep(ctx, time.Hour); err != nil {
		return fmt.Errorf("natsstore: sweep: %w", because(s.js.Conn(), err))
	}
	return nil
}

func (s *Storage) sweep(ctx context.Context, age time.Duration) error {
	info, err := s.stream.Info(ctx)
	if err != nil {
		return err
	}
	before := info.State.LastTime.Add(-age)
	old := make(map[string]uint64) // revisions by subject
	err = s.walk(ctx, subjects(s.bucket)+">", func(m jetstream.Msg, at *jetstream.MsgMetadata) {
		if gone(m.Headers()) && !at.Timestamp.After(before) {
			old[m.Subject()] = at.Sequence.Stream
		}
	})
	if err != nil {
		return err
	}
	for subject, revision := range old {
		// What was stored there since has a higher revision.
		err := s.stream.Purge(ctx, jetstream.WithPurgeSubject(subject), jetstream.WithPurgeSequence(revision+1))
		if err != nil {
			return err
		}
	}
	return nil
}
