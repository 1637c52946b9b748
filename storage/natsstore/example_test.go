package natsstore_test

import (
	"context"
	"log/slog"
	"os"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/waltz-oauth/waltz/storage/natsstore"
)

func Example() { //nolint:testableexamples // it wants a server
	tokens, err := natsstore.Open(os.Getenv("NATS_URL")) // nats://app:…@nats.example:4222/tokens
	if err != nil {
		slog.Error("no storage", "error", err)
		return
	}
	defer func() { _ = tokens.Close() }()
}

// What "waltz migrate --storage nats://... --replicas 3" does.
func ExampleCreateBucket() { //nolint:testableexamples // it wants a server
	ctx := context.Background()
	nc, bucket, err := natsstore.Connect(os.Getenv("NATS_URL"))
	if err != nil {
		slog.Error("no server", "error", err)
		return
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		slog.Error("no JetStream", "error", err)
		return
	}
	if err := natsstore.CreateBucket(ctx, js, natsstore.Bucket{Name: bucket, Replicas: 3}); err != nil {
		slog.Error("no bucket", "error", err)
	}
}

func ExampleStorage_Sweep() { //nolint:testableexamples // it wants a server
	ctx := context.Background()
	tokens, err := natsstore.Open(os.Getenv("NATS_URL"))
	if err != nil {
		slog.Error("no storage", "error", err)
		return
	}
	for range time.Tick(24 * time.Hour) { // in one process
		if err := tokens.Sweep(ctx); err != nil {
			slog.Warn("what deleted tokens left stays", "error", err)
		}
	}
}
