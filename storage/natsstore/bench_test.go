package natsstore_test

import (
	"context"
	"crypto/rand"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/waltz-oauth/waltz/internal/benchtest"
	"github.com/waltz-oauth/waltz/internal/enginetest"
	"github.com/waltz-oauth/waltz/storage/natsstore"
	"github.com/waltz-oauth/waltz/token"
)

// Each benchmark does the same in turn with the storage and with the least code that can: a value of a
// plain bucket, with the same decoding. The ratio is that of the medians.

func BenchmarkGet(b *testing.B) {
	s, kv, r := stored(b)
	ctx, key := context.Background(), alice()
	benchtest.Compare(b, func() error {
		_, err := s.Get(ctx, key)
		return err
	}, func() error {
		e, err := kv.Get(ctx, "alice")
		if err != nil {
			return err
		}
		var got token.Record
		return got.UnmarshalJSON(e.Value())
	})
	_ = r
}

func BenchmarkSet(b *testing.B) {
	s, kv, r := stored(b)
	ctx, key := context.Background(), alice()
	benchtest.Compare(b, func() error {
		return s.Set(ctx, key, r)
	}, func() error {
		value, err := r.MarshalJSON()
		if err != nil {
			return err
		}
		_, err = kv.Put(ctx, "alice", value)
		return err
	})
}

// stored returns a storage that has a record of the usual size for alice, and a plain bucket that has
// it too.
func stored(b *testing.B) (*natsstore.Storage, jetstream.KeyValue, token.Record) {
	b.Helper()
	t := new(token.Token)
	if err := t.UnmarshalJSON(benchtest.Token); err != nil {
		b.Fatal(err)
	}
	s, r := open(b, empty(b)), token.New(t)
	if err := s.Set(b.Context(), alice(), r); err != nil {
		b.Fatal(err)
	}
	nc, err := nats.Connect("nats://" + enginetest.NATS(b))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(nc.Close)
	js, name := jetStream(b, nc), "waltz_test_"+rand.Text()
	kv, err := js.CreateKeyValue(b.Context(), jetstream.KeyValueConfig{Bucket: name})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = js.DeleteKeyValue(context.Background(), name) })
	value, err := r.MarshalJSON()
	if err != nil {
		b.Fatal(err)
	}
	if _, err := kv.Put(b.Context(), "alice", value); err != nil {
		b.Fatal(err)
	}
	return s, kv, r
}
