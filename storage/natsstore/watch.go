package natsstore

import (
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/waltz-oauth/waltz/token"
)

// Watch is [token.Watcher]'s. It ends with an error when the connection is lost, though NATS may mend that:
// what changed meanwhile would come late.
func (s *Storage) Watch(ctx context.Context, changed func(token.Key)) error {
	return s.failed("watch", token.Key{}, s.watch(ctx, changed))
}

var errDown = errors.New("the connection was lost")

func (s *Storage) watch(ctx context.Context, changed func(token.Key)) error {
	nc := s.js.Conn()
	down := nc.StatusChanged(nats.RECONNECTING, nats.DISCONNECTED, nats.CLOSED)
	defer nc.RemoveStatusListener(down)
	kv, err := s.js.KeyValue(ctx, s.bucket)
	if err != nil {
		return err
	}
	w, err := kv.WatchAll(ctx, jetstream.UpdatesOnly(), jetstream.MetaOnly())
	if err != nil {
		return err
	}
	defer func() {
		_ = w.Stop()
		for range w.Updates() { // or the library may wait for ever to hand one over
		}
	}()
	changed(token.Key{})
	for {
		select {
		case e, ok := <-w.Updates():
			if !ok {
				return errDown
			}
			key, _ := s.keyOf(subjects(s.bucket) + e.Key())
			changed(key)
		case <-down:
			return errDown
		case <-time.After(s.silence):
			if err := answers(ctx, nc, s.silence); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// answers returns an error unless the server says something within d.
func answers(ctx context.Context, nc *nats.Conn, d time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	return nc.FlushWithContext(ctx)
}
