//go:build unix

package natsbus_test

import (
	"testing"
	"time"

	"github.com/waltz-oauth/waltz/internal/enginetest"
	"github.com/waltz-oauth/waltz/storage/cache/natsbus"
)

// A server that says nothing any more, and does not hang up either.
func TestSilentServerIsNoticed(t *testing.T) {
	t.Parallel()
	server := enginetest.StartNATS(t)
	b := bus(t, natsbus.Config{Conn: connect(t, server.URL)})
	b.Suspect(time.Second)
	ready, ended := make(chan struct{}, 10), make(chan error, 1)
	go func() {
		ended <- b.Subscribe(t.Context(), func() { ready <- struct{}{} }, func(string) {})
	}()
	<-ready
	time.Sleep(1500 * time.Millisecond) // in which the connection has shown that it lives
	select {
	case err := <-ended:
		t.Fatal("it ended while the server answered:", err)
	default:
	}
	server.Pause(t)
	select {
	case err := <-ended:
		if err == nil {
			t.Error("it ended without an error")
		}
	case <-time.After(time.Minute):
		t.Error("it waits for a server that is silent")
	}
	if err := b.Publish(t.Context(), "message"); err == nil {
		t.Error("a message that nobody has was published")
	}
}
