package cache_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/waltz-oauth/waltz/storage/cache"
	"github.com/waltz-oauth/waltz/token"
)

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
		if n := len(h.sent()); n != 1 {
			t.Errorf("%d messages were sent", n)
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
		for _, m := range h.sent() {
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
