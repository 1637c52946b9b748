package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/rueidis"

	"github.com/waltz-oauth/waltz/storage/redisstore"
	"github.com/waltz-oauth/waltz/token"
)

const redisAddress = "127.0.0.1:6379"

func redisGetRow() row {
	return row{name: "redisstore Get", limit: "GET of the same client, decoded", most: 1.1, sides: func(ctx context.Context, s *stage) ([]side, error) {
		r, err := newRedis(ctx, s)
		if err != nil {
			return nil, err
		}
		decoded := func(b []byte, err error) error {
			if err != nil {
				return err
			}
			return new(token.Record).UnmarshalJSON(b)
		}
		return []side{
			{"go-redis by hand", func() error { return decoded(r.bare.Get(ctx, r.key).Bytes()) }},
			{"waltz", func() error { _, err := r.waltz.Get(ctx, benchKey()); return err }},
			{"rueidis by hand", func() error {
				return decoded(r.rueidis.Do(ctx, r.rueidis.B().Get().Key(r.key).Build()).AsBytes())
			}},
		}, nil
	}}
}

func redisSetRow() row {
	return row{name: "redisstore Set", limit: "SET of the same client, of what was encoded", most: 1.15, sides: func(ctx context.Context, s *stage) ([]side, error) {
		r, err := newRedis(ctx, s)
		if err != nil {
			return nil, err
		}
		encoded := func(set func(string) error) func() error {
			return func() error {
				b, err := r.record.AppendJSON(nil)
				if err != nil {
					return err
				}
				return set(string(b))
			}
		}
		return []side{
			{"go-redis by hand", encoded(func(v string) error { return r.bare.Set(ctx, r.key, v, 0).Err() })},
			{"waltz", func() error { return r.waltz.Set(ctx, benchKey(), r.record) }},
			{"rueidis by hand", encoded(func(v string) error {
				return r.rueidis.Do(ctx, r.rueidis.B().Set().Key(r.key).Value(v).Build()).Error()
			})},
		}, nil
	}}
}

type redisSides struct {
	bare    *redis.Client
	rueidis rueidis.Client
	waltz   *redisstore.Storage
	record  token.Record
	key     string
}

func newRedis(ctx context.Context, s *stage) (*redisSides, error) {
	r := &redisSides{bare: redis.NewClient(&redis.Options{Addr: redisAddress}), record: token.New(benchToken())}
	s.after(r.bare.Close)
	prefix := "waltz_bench_" + rand.Text() + ":"
	r.key = prefix + "bare"
	asked, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	if err := r.bare.Ping(asked).Err(); err != nil {
		return nil, fmt.Errorf("%w: start a Redis at %s", errAbsent, redisAddress)
	}
	s.after(func() error { return forget(context.WithoutCancel(ctx), r.bare, prefix) })
	var err error
	if r.rueidis, err = rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{redisAddress}, DisableCache: true}); err != nil {
		return nil, err
	}
	s.after(func() error {
		r.rueidis.Close()
		return nil
	})
	if r.waltz, err = redisstore.New(r.bare, redisstore.Config{Prefix: prefix}); err != nil {
		return nil, err
	}
	b, err := r.record.AppendJSON(nil)
	if err != nil {
		return nil, err
	}
	if err := r.bare.Set(ctx, r.key, b, 0).Err(); err != nil {
		return nil, err
	}
	return r, r.waltz.Set(ctx, benchKey(), r.record)
}

// forget deletes what was written.
func forget(ctx context.Context, c *redis.Client, prefix string) error {
	keys := c.Scan(ctx, 0, "*"+prefix+"*", 1000).Iterator()
	for keys.Next(ctx) {
		if err := c.Del(ctx, keys.Val()).Err(); err != nil {
			return err
		}
	}
	return keys.Err()
}
