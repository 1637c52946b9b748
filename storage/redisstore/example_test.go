package redisstore_test

import (
	"context"
	"log/slog"
	"os"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/waltz-oauth/waltz/storage/redisstore"
)

func ExampleOpen() { //nolint:testableexamples // it wants a server
	tokens, err := redisstore.Open(os.Getenv("REDIS_URL"))
	if err != nil {
		slog.Error("no storage", "error", err)
		return
	}
	defer func() { _ = tokens.Close() }()

	// A server that is set up as a cache throws tokens away.
	if err := tokens.Check(context.Background()); err != nil {
		slog.Error("Redis is not ready", "error", err)
		return
	}
}

// An application that has a client, and wants each write on a replica before it goes on.
func ExampleNew() { //nolint:testableexamples // it wants a server
	client := redis.NewClient(&redis.Options{
		Addr:                  "db.example:6379",
		ContextTimeoutEnabled: true, // a call ends at its context's deadline
	})
	tokens, err := redisstore.New(client, redisstore.Config{
		Prefix:         "shop",
		Replicas:       1,
		ReplicaTimeout: 500 * time.Millisecond,
	})
	if err != nil {
		slog.Error("no storage", "error", err)
		return
	}
	defer func() { _ = tokens.Close() }()
}
