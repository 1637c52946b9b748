package rediscache

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/redis/go-redis/v9"
)

// silence is how long nothing is heard before the connection is tried, and then how long it has to
// answer.
const silence = 10 * time.Second

// Publish is [cache.Bus]'s.
func (c *Cache) Publish(ctx context.Context, message string) error {
	return c.c.Client.Publish(ctx, c.channel(), message).Err()
}

// Subscribe is [cache.Bus]'s.
func (c *Cache) Subscribe(ctx context.Context, ready func(), receive func(message string)) error {
	sub := c.c.Client.Subscribe(ctx, c.channel())
	defer sub.Close()
	// A read that waits does not look at ctx.
	defer context.AfterFunc(ctx, func() { _ = sub.Close() })()
	for tried := false; ; {
		m, err := sub.ReceiveTimeout(ctx, silence)
		if silent := net.Error(nil); err != nil && !tried && errors.As(err, &silent) && silent.Timeout() {
			tried, err = true, sub.Ping(ctx)
			if err == nil {
				continue
			}
		}
		if err != nil {
			return errors.Join(ctx.Err(), err)
		}
		tried = false
		switch m := m.(type) {
		case *redis.Subscription:
			ready()
		case *redis.Message:
			receive(m.Payload)
		}
	}
}

func (c *Cache) channel() string { return c.c.prefix() + "changes" }
