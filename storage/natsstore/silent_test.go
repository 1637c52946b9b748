//go:build unix

package natsstore_test

import (
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/waltz-oauth/waltz/internal/enginetest"
	"github.com/waltz-oauth/waltz/storage/natsstore"
)

// A server that says nothing any more, and does not hang up either.
func TestWatchNoticesASilentServer(t *testing.T) {
	t.Parallel()
	server := enginetest.StartNATS(t)
	url := server.URL + "/waltz"
	create(t, url)
	nc, err := nats.Connect(server.URL, nats.ReconnectBufSize(-1), nats.PingInterval(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	s, err := natsstore.New(t.Context(), jetStream(t, nc), "waltz")
	if err != nil {
		t.Fatal(err)
	}
	s.Suspect(time.Second)
	_, ended := watch(t.Context(), t, s)
	time.Sleep(1500 * time.Millisecond) // in which the connection has shown that it lives
	select {
	case err := <-ended:
		t.Fatal("it ended while the server answered:", err)
	default:
	}
	server.Pause(t)
	if err := next(t, ended); err == nil {
		t.Error("it ended without an error")
	}
	server.Kill() // which hangs up
}
