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
	"github.com/waltz-oauth/waltz/storage/storagetest"
	"github.com/waltz-oauth/waltz/token"
)

// bucket makes an empty bucket on the shared server, and returns its URL.
func bucket(t testing.TB) string {
	t.Helper()
	url := "nats://" + enginetest.NATS(t) + "/waltz_test_" + rand.Text()
	create(t, url)
	return url
}

// create makes the bucket of a URL, and has it deleted after the test.
func create(t testing.TB, url string) {
	t.Helper()
	nc, name, err := natsstore.Connect(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js := jetStream(t, nc)
	if err := natsstore.CreateBucket(t.Context(), js, natsstore.Bucket{Name: name}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		_ = js.DeleteKeyValue(ctx, name)
	})
}

func jetStream(t testing.TB, nc *nats.Conn) jetstream.JetStream {
	t.Helper()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	return js
}

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

func TestStorageKeepsItsPromises(t *testing.T) {
	t.Parallel()
	s := open(t, bucket(t))
	storagetest.Run(t, func(*testing.T) token.Storage { return s })
}
