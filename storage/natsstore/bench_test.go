package natsstore_test

import (
	"context"
	"crypto/rand"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/waltz-oauth/waltz/internal/enginetest"
	"github.com/waltz-oauth/waltz/storage/natsstore"
	"github.com/waltz-oauth/waltz/token"
)

// Each benchmark does the same in turn with the storage and with the least code that can: a value of a
// plain bucket, with the same decoding. The ratio is that of the medians.

func BenchmarkGet(b *testing.B) {
	s, kv, r := stored(b)
	ctx, key := context.Background(), alice()
	compare(b, func() error {
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
	compare(b, func() error {
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

func compare(b *testing.B, ours, byHand func() error) {
	b.Helper()
	var took [2][]time.Duration
	for b.Loop() {
		for i, f := range []func() error{ours, byHand} {
			start := time.Now()
			if err := f(); err != nil {
				b.Fatal(err)
			}
			took[i] = append(took[i], time.Since(start))
		}
	}
	us, hand := median(took[0]), median(took[1])
	b.ReportMetric(float64(us.Nanoseconds()), "ns/natsstore")
	b.ReportMetric(float64(hand.Nanoseconds()), "ns/by-hand")
	b.ReportMetric(float64(us)/float64(hand), "ratio")
	b.ReportMetric(0, "ns/op") // of both together
}

func median(all []time.Duration) time.Duration {
	slices.Sort(all)
	return all[len(all)/2]
}

// stored returns a storage that has a record of the usual size for alice, and a plain bucket that has
// it too.
func stored(b *testing.B) (*natsstore.Storage, jetstream.KeyValue, token.Record) {
	b.Helper()
	data, err := os.ReadFile(filepath.Join("..", "sqlstore", "testdata", "token.json"))
	if err != nil {
		b.Fatal(err)
	}
	t := new(token.Token)
	if err := t.UnmarshalJSON(data); err != nil {
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
