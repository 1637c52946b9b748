// Package natsbus lets the processes that share a NATS tell each other what to drop from the memory of
// package cache. It needs no JetStream. A cache over package natsstore needs no bus: the bucket says itself
// what has changed.
package natsbus

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/waltz-oauth/waltz/storage/cache"
)

// Config says which NATS, and the name by which processes find each other.
type Config struct {
	Conn    *nats.Conn // required
	Subject string     // "waltz.changes" by default; another for each storage that is cached
}

func (c Config) subject() string { return cmp.Or(c.Subject, "waltz.changes") }

// Bus is a [cache.Bus].
type Bus struct {
	c       Config
	silence time.Duration // before the connection is tried, and then until it has to answer
}

var _ cache.Bus = (*Bus)(nil)

var errDown = errors.New("the connection was lost")

// New returns a bus.
func New(c Config) (*Bus, error) {
	if c.Conn == nil {
		return nil, errors.New("natsbus: Config needs a Conn")
	}
	return &Bus{c, 10 * time.Second}, nil
}

// Publish is [cache.Bus]'s. It returns once the server has the message.
func (b *Bus) Publish(ctx context.Context, message string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := b.c.Conn.Publish(b.c.subject(), []byte(message)); err != nil {
		return fmt.Errorf("natsbus: %w", err)
	}
	return b.answered(ctx)
}

// Subscribe is [cache.Bus]'s. It ends with the connection, though NATS would mend that: what was said
// meanwhile is lost.
func (b *Bus) Subscribe(ctx context.Context, ready func(), receive func(message string)) error {
	nc := b.c.Conn
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	down := nc.StatusChanged(nats.RECONNECTING, nats.DISCONNECTED, nats.CLOSED)
	defer nc.RemoveStatusListener(down)
	go func() {
		if _, lost := <-down; lost {
			cancel(errDown)
		}
	}()
	sub, err := nc.SubscribeSync(b.c.subject())
	if err != nil {
		return fmt.Errorf("natsbus: %w", err)
	}
	defer func() { _ = sub.Unsubscribe() }()
	if err := b.answered(ctx); err != nil { // so that the server has the subscription
		return err
	}
	ready()
	for {
		m, err := b.next(ctx, sub)
		if err != nil {
			return err
		}
		if m != nil {
			receive(string(m.Data))
		}
	}
}

// next returns the next message, or none after a silence in which the connection has shown that it lives.
func (b *Bus) next(ctx context.Context, sub *nats.Subscription) (*nats.Msg, error) {
	limited, cancel := context.WithTimeout(ctx, b.silence)
	defer cancel()
	m, err := sub.NextMsgWithContext(limited)
	switch {
	case err == nil:
		return m, nil
	case ctx.Err() != nil:
		return nil, fmt.Errorf("natsbus: %w", context.Cause(ctx))
	case limited.Err() != nil:
		return nil, b.answered(ctx)
	default:
		return nil, fmt.Errorf("natsbus: %w", err)
	}
}

// answered waits until the server has dealt with all that was sent.
func (b *Bus) answered(ctx context.Context) error {
	limited, cancel := context.WithTimeout(ctx, b.silence)
	defer cancel()
	err := b.c.Conn.FlushWithContext(limited)
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return fmt.Errorf("natsbus: %w", err)
	}
	return nil
}
