package natsstore_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/waltz-oauth/waltz/storage/natsstore"
	"github.com/waltz-oauth/waltz/token"
)

// watch returns what a watcher hears from when it hears anything, and how it ended.
func watch(ctx context.Context, t *testing.T, s *natsstore.Storage) (heard <-chan token.Key, ended <-chan error) {
	t.Helper()
	keys, end := make(chan token.Key, 1000), make(chan error, 1)
	go func() { end <- s.Watch(ctx, func(key token.Key) { keys <- key }) }()
	if key := next(t, keys); key != (token.Key{}) {
		t.Errorf("it begins with %s, want the zero Key: what was there before may have changed", key)
	}
	return keys, end
}

func next[T any](t *testing.T, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatal("waited in vain")
		panic("unreachable")
	}
}

func TestWatchHearsOfEveryChange(t *testing.T) {
	t.Parallel()
	url := empty(t)
	writer, watcher := open(t, url), open(t, url)
	odd := token.Key{Provider: "a.b", User: "*>\x00 é", Account: strings.Repeat("@", 700)}
	set(t, writer, alice(), record("a"))
	ctx, cancel := context.WithCancel(t.Context())
	heard, ended := watch(ctx, t, watcher)
	hears := func(key token.Key) {
		t.Helper()
		if got := next(t, heard); got != key {
			t.Errorf("heard of %s, want %s", got, key)
		}
	}
	set(t, writer, odd, record("a"))
	hears(odd)
	if _, err := writer.Swap(t.Context(), odd, load(t, writer, odd).Version, record("b")); err != nil {
		t.Fatal(err)
	}
	hears(odd)
	remove(t, writer, alice())
	hears(alice())
	set(t, watcher, alice(), record("c"))
	hears(alice())
	cancel()
	if err := next(t, ended); !errors.Is(err, context.Canceled) {
		t.Errorf("it ended with %v", err)
	}
}

// Who was not listening may have missed something, though NATS mends the connection.
func TestWatchEndsWithTheConnection(t *testing.T) {
	t.Parallel()
	url := empty(t)
	nc, bucket, err := natsstore.Connect(url)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	s, err := natsstore.New(t.Context(), jetStream(t, nc), bucket)
	if err != nil {
		t.Fatal(err)
	}
	_, ended := watch(t.Context(), t, s)
	if err := nc.ForceReconnect(); err != nil {
		t.Fatal(err)
	}
	if err := next(t, ended); err == nil {
		t.Error("it ended without an error")
	}
	eventually(t, "it is connected", func() bool { return nc.Status() == nats.CONNECTED })
	_, ended = watch(t.Context(), t, s)
	nc.Close()
	if err := next(t, ended); err == nil {
		t.Error("it ended without an error")
	}
}

// A watcher that is left while much changes leaves nobody behind who waits to hand it over.
func TestWatchThatIsLeftLeavesNothingBehind(t *testing.T) {
	url := empty(t)
	s := open(t, url)
	set(t, s, alice(), record("a"))
	before := runtime.NumGoroutine()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	began := make(chan struct{}, 1)
	go func() {
		ended <- s.Watch(ctx, func(key token.Key) {
			if key == (token.Key{}) {
				began <- struct{}{}
				return
			}
			<-ctx.Done()
		})
	}()
	<-began
	for i := range 1000 { // more than the library keeps
		set(t, s, token.Key{Provider: "github", User: fmt.Sprint(i)}, record("a"))
	}
	cancel()
	_ = next(t, ended)
	gone(t, before)
}
