package cache

import (
	"context"
	"encoding/base64"
	"strings"
	"sync"
	"time"

	"github.com/waltz-oauth/waltz/token"
)

// Bus carries messages between processes: rediscache, pgbus and natsbus have one, and yours may be over
// what you run anyway. Messages are printable ASCII of at most 4,000 bytes. They may come twice or out
// of order; one that is lost leaves an old token in some process until TTL.
type Bus interface {
	// Publish sends message to all who have subscribed.
	Publish(ctx context.Context, message string) error

	// Subscribe calls ready once messages are heard, and receive with each, until ctx is done or the
	// subscription is lost. It returns why, and finds out within half a minute. Where it mends a
	// subscription by itself it calls ready again.
	Subscribe(ctx context.Context, ready func(), receive func(message string)) error
}

// retry is how long what failed is left alone.
const retry = time.Second

// Run listens until ctx is done: to the Bus, and to the storage where it is a [token.Watcher], so that
// what other processes change is dropped here. When it cannot listen it drops everything, since anything
// may have changed, and again at each new attempt, a second apart. It also drops what could not be dropped while a server was down,
// and spares Get from reading the time. Run it once; without it the cache works and other processes'
// changes are seen at TTL.
func (s *Storage) Run(ctx context.Context) {
	var wg sync.WaitGroup
	wg.Go(func() { s.memory.clock.run(ctx) })
	wg.Go(func() { s.settle(ctx) })
	if s.bus != nil {
		wg.Go(func() {
			s.listen(ctx, "bus", func() error { return s.c.Bus.Subscribe(ctx, s.memory.dropAll, s.receive) })
		})
	}
	if s.watcher != nil {
		wg.Go(func() {
			s.listen(ctx, "storage", func() error {
				return s.watcher.Watch(ctx, func(key token.Key) { s.changed(ctx, key) })
			})
		})
	}
	wg.Wait()
}

// listen calls hear again and again.
func (s *Storage) listen(ctx context.Context, to string, hear func() error) {
	var quiet time.Time
	for ctx.Err() == nil {
		err := hear()
		s.memory.dropAll()
		if now := time.Now(); ctx.Err() == nil && now.After(quiet) {
			quiet = now.Add(time.Minute)
			s.c.logger().WarnContext(ctx, "cache: not hearing of changes; everything was dropped, trying again", "from", to, "error", err)
		}
		pause(ctx, retry)
	}
}

// settle drops what could not be dropped when it should have been.
func (s *Storage) settle(ctx context.Context) {
	for pause(ctx, retry) {
		for _, l := range []*link{s.backend, s.bus} {
			if l != nil {
				l.settle(ctx)
			}
		}
	}
}

// pause reports whether d went by before ctx was done.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// publish is what the link to the bus sends.
func (s *Storage) publish(ctx context.Context, key token.Key) error {
	text := format(key)
	if len(text) > 3900 {
		text = format(token.Key{})
	}
	return s.c.Bus.Publish(ctx, s.id+":"+text)
}

// receive drops what another process says it wrote; it has dropped it from the backend already. What
// cannot be read may be about any key.
func (s *Storage) receive(message string) {
	from, text, _ := strings.Cut(message, ":")
	if from == s.id {
		return
	}
	if key, ok := parse(text); ok && key != (token.Key{}) {
		s.memory.drop(key)
	} else {
		s.memory.dropAll()
	}
}

// format writes a key so that parse gives it back, whatever bytes are in it.
func format(key token.Key) string {
	e := base64.RawURLEncoding
	return e.EncodeToString([]byte(key.Provider)) + "." + e.EncodeToString([]byte(key.User)) + "." + e.EncodeToString([]byte(key.Account))
}

func parse(text string) (key token.Key, ok bool) {
	fields := strings.Split(text, ".")
	if len(fields) != 3 {
		return token.Key{}, false
	}
	for i, into := range []*string{&key.Provider, &key.User, &key.Account} {
		b, err := base64.RawURLEncoding.DecodeString(fields[i])
		if err != nil {
			return token.Key{}, false
		}
		*into = string(b)
	}
	return key, true
}
