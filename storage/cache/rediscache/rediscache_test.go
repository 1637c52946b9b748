package rediscache_test

import (
	"crypto/rand"
	"strings"
	"testing"

	"github.com/waltz-oauth/waltz/internal/enginetest"
	"github.com/waltz-oauth/waltz/storage/cache/internal/cachetest"
	"github.com/waltz-oauth/waltz/storage/cache/rediscache"
)

func open(t *testing.T, s *enginetest.Server) *rediscache.Cache {
	t.Helper()
	c, err := rediscache.Open("redis://" + s.Addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func TestBackendKeepsItsPromises(t *testing.T) {
	t.Parallel()
	cachetest.Backend(t, open(t, enginetest.StartRedis(t)))
}

func TestBusKeepsItsPromises(t *testing.T) {
	t.Parallel()
	s := enginetest.StartRedis(t)
	cachetest.Bus(t, open(t, s), open(t, s))
}

// A connection that is lost is noticed at once where the server says so.
func TestLostSubscriptionEnds(t *testing.T) {
	t.Parallel()
	s := enginetest.StartRedis(t)
	c := open(t, s)
	ready, ended := make(chan struct{}, 1), make(chan error, 1)
	go func() {
		ended <- c.Subscribe(t.Context(), func() { ready <- struct{}{} }, func(string) {})
	}()
	<-ready
	s.Kill()
	if err := <-ended; err == nil {
		t.Error("it ended without an error")
	}
}

func TestWrongURLShowsNoPassword(t *testing.T) {
	t.Parallel()
	const secret = "fake-secret"
	for _, url := range []string{
		"http://u:" + secret + "@host",
		"redis://u:" + secret + "%zz@host",
		"redis://u:" + rand.Text() + "\x00" + secret + "@host",
		"",
	} {
		c, err := rediscache.Open(url)
		if err == nil {
			_ = c.Close()
			t.Errorf("%q was taken", url)
		} else if strings.Contains(err.Error(), secret) {
			t.Error("the error has the password")
		}
	}
}

func TestConfigNeedsAClient(t *testing.T) {
	t.Parallel()
	if _, err := rediscache.New(rediscache.Config{}); err == nil {
		t.Error("it was taken")
	}
}
