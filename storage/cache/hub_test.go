package cache_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/waltz-oauth/waltz/storage/cache"
	"github.com/waltz-oauth/waltz/token"
)

// hub is a bus within this process. It can be cut.
type hub struct {
	mu       sync.Mutex
	hearers  map[chan<- string]bool
	messages []string
	down     bool
}

var errCut = errors.New("cut off")

func (h *hub) Publish(_ context.Context, message string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.down {
		return errCut
	}
	h.messages = append(h.messages, message)
	for c := range h.hearers {
		c <- message
	}
	return nil
}

// sent returns what has been published.
func (h *hub) sent() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.messages)
}

func (h *hub) Subscribe(ctx context.Context, ready func(), receive func(string)) error {
	c := make(chan string, 100)
	h.mu.Lock()
	if h.down {
		h.mu.Unlock()
		return errCut
	}
	if h.hearers == nil {
		h.hearers = make(map[chan<- string]bool)
	}
	h.hearers[c] = true
	h.mu.Unlock()
	ready()
	for {
		select {
		case m, ok := <-c:
			if !ok {
				return errCut
			}
			receive(m)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (h *hub) cut(down bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.down = down
	for c := range h.hearers {
		close(c)
	}
	h.hearers = nil
}

// processes returns two caches over p that run and have a bus between them.
func processes(t *testing.T, p token.Storage, h *hub) (a, b *cache.Storage) {
	t.Helper()
	c := cache.Config{Next: p, Bus: h, TTL: time.Hour, AbsentTTL: time.Hour, Logger: slog.New(slog.DiscardHandler)}
	a, b = open(t, c), open(t, c)
	for _, s := range []*cache.Storage{a, b} {
		go s.Run(t.Context())
	}
	synctest.Wait()
	return a, b
}
