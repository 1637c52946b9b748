package natsbus_test

import (
	"crypto/rand"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/waltz-oauth/waltz/internal/enginetest"
	"github.com/waltz-oauth/waltz/storage/cache/internal/cachetest"
	"github.com/waltz-oauth/waltz/storage/cache/natsbus"
)

func connect(t *testing.T, url string) *nats.Conn {
	t.Helper()
	nc, err := nats.Connect(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return nc
}

func bus(t *testing.T, c natsbus.Config) *natsbus.Bus {
	t.Helper()
	b, err := natsbus.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestBusKeepsItsPromises(t *testing.T) {
	t.Parallel()
	url, subject := "nats://"+enginetest.NATS(t), "waltz_test."+rand.Text()
	cachetest.Bus(t, bus(t, natsbus.Config{connect(t, url), subject}), bus(t, natsbus.Config{connect(t, url), subject}))
}

// A connection that is lost is noticed at once where the system says so, though the library mends it.
func TestLostSubscriptionEnds(t *testing.T) {
	t.Parallel()
	nc := connect(t, "nats://"+enginetest.NATS(t))
	b := bus(t, natsbus.Config{Conn: nc, Subject: "waltz_test." + rand.Text()})
	ready, ended := make(chan struct{}, 10), make(chan error, 1)
	go func() {
		ended <- b.Subscribe(t.Context(), func() { ready <- struct{}{} }, func(string) {})
	}()
	<-ready
	if err := nc.ForceReconnect(); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-ended:
		if err == nil {
			t.Error("it ended without an error")
		}
	case <-time.After(time.Minute):
		t.Fatal("it goes on as if nothing had been lost")
	}
}

func TestConfigNeedsAConnection(t *testing.T) {
	t.Parallel()
	if _, err := natsbus.New(natsbus.Config{}); err == nil {
		t.Error("it was taken")
	}
}
