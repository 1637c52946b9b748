package cachetest

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz/storage/cache"
)

// Bus checks that of two of a kind one hears what the other publishes, until it is told to end.
func Bus(t *testing.T, a, b cache.Bus) {
	heard, ready, ended := make(chan string, 10), make(chan struct{}, 10), make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		ended <- b.Subscribe(ctx, func() { ready <- struct{}{} }, func(m string) { heard <- m })
	}()
	await(t, ready, "ready")
	for _, message := range []string{"id:Z2l0aHVi.MQ.", strings.Repeat("m", 4000)} {
		if err := a.Publish(t.Context(), message); err != nil {
			t.Fatal(err)
		}
		if got := await(t, heard, "a message"); got != message {
			t.Errorf("heard %q", got)
		}
	}
	cancel()
	if err := await(t, ended, "the end"); !errors.Is(err, context.Canceled) {
		t.Errorf("Subscribe returned %v, want what ended the context", err)
	}
}

// patience is how long a message may take on a machine that is busy.
const patience = 30 * time.Second

func await[T any](t *testing.T, c <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatalf("waited for %s in vain", what)
		panic("unreachable")
	}
}
