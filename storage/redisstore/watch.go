package redisstore

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/waltz-oauth/waltz/token"
)

// silence is how long nothing is heard before the connection is tried; then how long it has to answer; and
// for how long one that was lost is tried to be had again.
const silence = 10 * time.Second

func (s *Storage) channel() string { return s.config.prefix() + ":changes" }

// Watch implements [token.Watcher]. Whenever it begins to listen, at first and after the connection was
// lost, any record may have changed, and it says so. It returns when ctx is done, or where it cannot
// listen again within seconds.
func (s *Storage) Watch(ctx context.Context, changed func(token.Key)) error {
	sub := s.client.Subscribe(ctx, s.channel())
	defer sub.Close()
	// A read that waits does not look at ctx.
	defer context.AfterFunc(ctx, func() { _ = sub.Close() })()
	var lost time.Time // zero: it is not
	for tried := false; ; {
		m, err := sub.ReceiveTimeout(ctx, silence)
		if silent, ok := errors.AsType[net.Error](err); ok && silent.Timeout() && !tried && lost.IsZero() {
			if tried, err = true, sub.Ping(ctx); err == nil {
				continue
			}
		}
		if err != nil {
			s.lookAround(ctx)
			if lost.IsZero() {
				lost = time.Now()
			}
			if refused(err) || time.Since(lost) > silence || !pause(ctx) {
				return s.failed(ctx, "watch", token.Key{}, because(ctx, err))
			}
			continue
		}
		tried, lost = false, time.Time{}
		switch m := m.(type) {
		case *redis.Subscription:
			changed(token.Key{})
		case *redis.Message:
			key, _ := unescape(m.Payload) // what cannot be read may be about any key
			changed(key)
		}
	}
}

// refused reports whether a server that is up said no.
func refused(err error) bool {
	_, said := errors.AsType[redis.Error](err)
	return said && !redis.HasErrorPrefix(err, "LOADING")
}

// pause reports whether a moment went by before ctx was done.
func pause(ctx context.Context) bool {
	const moment = 100 * time.Millisecond
	select {
	case <-ctx.Done():
		return false
	case <-time.After(moment):
		return true
	}
}
