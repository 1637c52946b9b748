package natsstore_test

import (
	"context"
	"crypto/rand"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/waltz-oauth/waltz/internal/enginetest"
	"github.com/waltz-oauth/waltz/storage/natsstore"
	"github.com/waltz-oauth/waltz/token"
)

const patience = 30 * time.Second // on a machine that is busy

func alice() token.Key { return token.Key{Provider: "github", User: "alice"} }

func record(name string) token.Record {
	return token.New(&token.Token{AccessToken: "fake-" + name})
}

// empty returns the URL of an empty bucket on the shared server.
func empty(t testing.TB) string {
	t.Helper()
	url := named(t)
	create(t, url)
	return url
}

// named returns the URL of a bucket that is not there.
func named(t testing.TB) string {
	t.Helper()
	return "nats://" + enginetest.NATS(t) + "/waltz_test_" + rand.Text()
}

// create makes the bucket of a URL.
func create(t testing.TB, url string) {
	t.Helper()
	js, bucket := connect(t, url)
	if err := natsstore.CreateBucket(t.Context(), js, natsstore.Bucket{Name: bucket}); err != nil {
		t.Fatal(err)
	}
}

// connect returns the JetStream and the bucket of a URL. The bucket is deleted after the test.
func connect(t testing.TB, url string) (jetstream.JetStream, string) {
	t.Helper()
	nc, bucket, err := natsstore.Connect(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js := jetStream(t, nc)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		_ = js.DeleteKeyValue(ctx, bucket)
	})
	return js, bucket
}

func jetStream(t testing.TB, nc *nats.Conn) jetstream.JetStream {
	t.Helper()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	return js
}

// open opens the bucket of a URL.
func open(t testing.TB, url string) *natsstore.Storage {
	t.Helper()
	s, err := natsstore.Open(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func set(t testing.TB, s token.Storage, key token.Key, r token.Record) {
	t.Helper()
	if err := s.Set(t.Context(), key, r); err != nil {
		t.Fatal(err)
	}
}

func remove(t testing.TB, s token.Storage, key token.Key) {
	t.Helper()
	if err := s.Delete(t.Context(), key); err != nil {
		t.Fatal(err)
	}
}

func load(t testing.TB, s token.Versioned, key token.Key) token.Record {
	t.Helper()
	r, err := s.Load(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// messages returns how many messages the bucket of a URL has, those of keys that were deleted too.
func messages(t testing.TB, url string) uint64 {
	t.Helper()
	js, bucket := connect(t, url)
	stream, err := js.Stream(t.Context(), "KV_"+bucket)
	if err != nil {
		t.Fatal(err)
	}
	return stream.CachedInfo().State.Msgs
}
