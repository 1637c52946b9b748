package redisstore

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/waltz-oauth/waltz/token"
)

// silence is how long nothing is heard before the connection is tried, and then how long it has to
// answer.
const silence = 10 * time.Second

func (s *Storage) channel() string { return s.config.prefix() + ":changes" }

// Watch implements [token.Watcher]. Whenever it begins to listen, at first and after a connection was
// lost, any record may have changed, and it says so. It returns why where it cannot listen again.
func (s *Storage) Watch(ctx context.Context, changed func(token.Key)) error {
	sub := s.client.Subscribe(ctx, s.channel())
	defer sub.Close()
	// A read that waits does not look at ctx.
	defer context.AfterFunc(ctx, func() { _ = sub.Close() })()
	for quiet := false; ; {
		m, err := sub.ReceiveTimeout(ctx, silence)
		if slow := net.Error(nil); err != nil && !quiet && errors.As(err, &slow) && slow.Timeout() {
			if quiet, err = true, sub.Ping(ctx); err == nil {
				continue
			}
		}
		if err != nil {
			return failed("watch", token.Key{}, errors.Join(ctx.Err(), err))
		}
		quiet = false
		switch m := m.(type) {
		case *redis.Subscription:
			changed(token.Key{})
		case *redis.Message:
			key, _ := unescape(m.Payload) // what cannot be read may be about any key
			changed(key)
		}
	}
}
