//go:build unix

package natsstore_test

import (
	"testing"
	"time"

	"github.com/waltz-oauth/waltz/internal/enginetest"
)

// A server that says nothing any more, and does not hang up either.
func TestWatchNoticesASilentServer(t *testing.T) {
	t.Parallel()
	server := enginetest.StartNATS(t)
	url := server.URL + "/waltz"
	create(t, url)
	s := open(t, url)
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
