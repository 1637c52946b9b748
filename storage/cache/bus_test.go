package cache_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
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

func TestChangeReachesTheMemoryOfOtherProcesses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, b := processes(t, newPlain(), new(hub))
		other := token.Key{Provider: "github", User: "bob\x00\xff"}
		for n := 1; n < 4; n++ {
			wants(t, b, n-1)
			set(t, a, n)
			if err := a.Set(t.Context(), other, record(n)); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			wants(t, b, n)
			if got := current(t, b, other); got != n {
				t.Errorf("the other key has %d, want %d", got, n)
			}
		}
		if err := b.Delete(t.Context(), alice()); err != nil { // a logout
			t.Fatal(err)
		}
		synctest.Wait()
		wants(t, a, 0)
	})
}

func TestProcessDoesNotDropWhatItWroteTwice(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPlain()
		a, _ := processes(t, p, new(hub))
		set(t, a, 1)
		wants(t, a, 1)
		synctest.Wait() // its own message has come
		before := p.count()
		wants(t, a, 1)
		if p.count() != before {
			t.Error("its own message made it read again")
		}
	})
}

func TestSlowReaderKeepsNothingThatTheBusHasDropped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPlain()
		set(t, p, 1)
		a, b := processes(t, p, new(hub))
		slowly(t, p, b, func() {
			set(t, a, 2)
			synctest.Wait()
		})
		wants(t, b, 2)
	})
}

func TestLostSubscriptionDropsEverything(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p, h := newPlain(), new(hub)
		set(t, p, 1)
		_, b := processes(t, p, h)
		wants(t, b, 1)
		set(t, p, 2)
		wants(t, b, 1)
		h.cut(true)
		synctest.Wait()
		wants(t, b, 2)
		set(t, p, 3)
		time.Sleep(2 * time.Second) // in which b has tried to hear again
		wants(t, b, 3)
		set(t, p, 4)
		wants(t, b, 3)
		h.cut(false)
		time.Sleep(2 * time.Second)
		wants(t, b, 4)
	})
}

func TestSlowReaderKeepsNothingAfterALostSubscription(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p, h := newPlain(), new(hub)
		set(t, p, 1)
		_, b := processes(t, p, h)
		slowly(t, p, b, func() {
			set(t, p, 2)
			h.cut(true)
			synctest.Wait()
		})
		wants(t, b, 2)
	})
}

func TestWhatCouldNotBeSaidIsSaidLater(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := new(hub)
		a, _ := processes(t, newPlain(), h)
		h.cut(true)
		set(t, a, 1)
		h.cut(false)
		time.Sleep(3 * time.Second)
		if len(h.messages) != 1 {
			t.Errorf("%d messages were sent", len(h.messages))
		}
	})
}

func TestMessagesFitAnyBus(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := new(hub)
		a, b := processes(t, newPlain(), h)
		long := token.Key{Provider: "github", User: strings.Repeat("\x00é", 5000)}
		wants(t, b, 0)
		if got := current(t, b, long); got != 0 {
			t.Error("something was there")
		}
		if err := a.Set(t.Context(), long, record(1)); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if got := current(t, b, long); got != 1 {
			t.Errorf("got token %d, want 1", got)
		}
		for _, m := range h.messages {
			if len(m) > 4000 || strings.ContainsFunc(m, func(r rune) bool { return r <= ' ' || r > '~' }) {
				t.Errorf("a message of %d bytes: %.50q", len(m), m)
			}
		}
	})
}

func TestMessageThatCannotBeReadDropsEverything(t *testing.T) {
	t.Parallel()
	for _, message := range []string{"", ":", "x", "another:", "another:a.b", "another:!.!.!", "another:a.b.c.d"} {
		synctest.Test(t, func(t *testing.T) {
			p, h := newPlain(), new(hub)
			_, b := processes(t, p, h)
			wants(t, b, 0)
			set(t, p, 1)
			if err := h.Publish(t.Context(), message); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			wants(t, b, 1)
		})
	}
}

// watched is a storage that says what has changed, whoever has changed it.
type watched struct {
	*plain

	changed chan token.Key
}

var _ token.Watcher = (*watched)(nil)

func (w *watched) Watch(ctx context.Context, changed func(token.Key)) error {
	for {
		select {
		case key, ok := <-w.changed:
			if !ok {
				return errCut
			}
			changed(key)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func TestStorageThatSaysWhatChangedIsHeard(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := &watched{newPlain(), make(chan token.Key)}
		s := open(t, cache.Config{Next: w, TTL: time.Hour, AbsentTTL: time.Hour, Logger: slog.New(slog.DiscardHandler)})
		go s.Run(t.Context())
		wants(t, s, 0)
		set(t, w, 1)
		w.changed <- alice()
		synctest.Wait()
		wants(t, s, 1)
		set(t, w, 2)
		w.changed <- token.Key{} // any
		synctest.Wait()
		wants(t, s, 2)
		set(t, w, 3)
		close(w.changed) // nothing more is heard
		synctest.Wait()
		wants(t, s, 3)
	})
}

func TestWatchersOfACacheHearAfterItHasDropped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := &watched{newPlain(), make(chan token.Key)}
		s := open(t, cache.Config{Next: w})
		if _, ok := token.As[token.Watcher](s); !ok {
			t.Fatal("it is no Watcher")
		}
		ctx, cancel := context.WithCancel(t.Context())
		heard, ended := 0, make(chan error, 1)
		go func() {
			ended <- s.Watch(ctx, func(key token.Key) {
				heard++
				if key != alice() {
					t.Errorf("heard of %v", key)
				}
				if r, err := s.Get(ctx, key); err != nil || number(t, r) != 1 {
					t.Errorf("who heard gets %v, %v", r, err)
				}
			})
		}()
		wants(t, s, 0)
		set(t, w, 1)
		w.changed <- alice()
		synctest.Wait()
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) || heard != 1 {
			t.Errorf("heard %d times, ended with %v", heard, err)
		}
	})
}

// A bubble does not end while a goroutine in it lives.
func TestNothingRunsButRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := &watched{newPlain(), make(chan token.Key)}
		c := cache.Config{Next: w, Bus: new(hub), Logger: slog.New(slog.DiscardHandler)}
		set(t, open(t, c), 1)
		s := open(t, c)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			s.Run(ctx)
		}()
		set(t, s, 1)
		wants(t, s, 1)
		cancel()
		<-done
		wants(t, s, 1) // and it still works
	})
}
