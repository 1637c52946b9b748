package memcache_test

import (
	"strings"
	"testing"

	gomemcache "github.com/bradfitz/gomemcache/memcache"

	"github.com/waltz-oauth/waltz/internal/enginetest"
	"github.com/waltz-oauth/waltz/storage/cache/internal/cachetest"
	"github.com/waltz-oauth/waltz/storage/cache/memcache"
)

func TestBackendKeepsItsPromises(t *testing.T) {
	t.Parallel()
	c, err := memcache.Open(enginetest.StartMemcached(t).Addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	cachetest.Backend(t, c)
}

func TestWhatCannotWorkIsRefused(t *testing.T) {
	t.Parallel()
	if _, err := memcache.Open(); err == nil {
		t.Error("no server was taken")
	}
	if _, err := memcache.Open(""); err == nil {
		t.Error("a server without a name was taken")
	}
	if _, err := memcache.Open("127.0.0.1"); err == nil {
		t.Error("a server without a port was taken")
	}
	if _, err := memcache.New(memcache.Config{}); err == nil {
		t.Error("no client was taken")
	}
	if _, err := memcache.New(memcache.Config{Client: gomemcache.New("127.0.0.1:1"), Prefix: strings.Repeat("p", 201)}); err == nil {
		t.Error("a prefix of 201 bytes was taken")
	}
}
