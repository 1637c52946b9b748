package redisstore_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/waltz-oauth/waltz/internal/benchtest"
	"github.com/waltz-oauth/waltz/storage/redisstore"
	"github.com/waltz-oauth/waltz/token"
)

// Each benchmark does the same in turn with the storage and with the least code that can: a bare GET or
// SET of the same bytes by the same client, and the same decoding. The ratio is that of the medians.

func BenchmarkGet(b *testing.B) {
	s, client, prefix, key, _ := stored(b)
	ctx := context.Background()
	names, err := client.Keys(ctx, prefix+":*:github *").Result()
	if err != nil || len(names) != 1 {
		b.Fatal(names, err)
	}
	name := names[0]
	benchtest.Compare(b, func() error {
		_, err := s.Get(ctx, key)
		return err
	}, func() error {
		value, err := client.Get(ctx, name).Bytes()
		if err != nil {
			return err
		}
		version, rest, _ := bytes.Cut(value, []byte{'\n'})
		record, secret, _ := bytes.Cut(rest, []byte{'\n'})
		var r token.Record
		if err := r.UnmarshalJSON(record); err != nil {
			return err
		}
		r.Token, r.Version = new(token.Token), token.Version(version)
		return r.Token.UnmarshalJSON(secret)
	})
}

func BenchmarkSet(b *testing.B) {
	s, client, _, key, r := stored(b)
	name := "by-hand-" + rand.Text()
	b.Cleanup(func() { client.Del(context.Background(), name) })
	ctx := context.Background()
	benchtest.Compare(b, func() error {
		return s.Set(ctx, key, r)
	}, func() error {
		record := r
		secret, err := record.Token.MarshalJSON()
		if err != nil {
			return err
		}
		record.Token = nil
		value, err := record.AppendJSON([]byte(rand.Text() + "\n"))
		if err != nil {
			return err
		}
		return client.Set(ctx, name, append(append(value, '\n'), secret...), 0).Err()
	})
}

func stored(b *testing.B) (*redisstore.Storage, *redis.Client, string, token.Key, token.Record) {
	b.Helper()
	t := new(token.Token)
	if err := t.UnmarshalJSON(benchtest.Token); err != nil {
		b.Fatal(err)
	}
	s, client, prefix := shared(b)
	key, r := token.Key{Provider: "github", User: "alice"}, token.New(t)
	r.Subject, r.RefreshAt = "583231", time.Now().Add(time.Hour)
	set(b, s, key, r)
	return s, client, prefix, key, r
}

// BenchmarkList walks 100,000 records, 5 of each user, of which 100 are due.
func BenchmarkList(b *testing.B) {
	const records, due, each = 100_000, 100, 5
	s, _, _, _, r := stored(b)
	const writers = 16
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := w; i < records; i += writers {
				r := r
				r.Subject = fmt.Sprint("subject", i)
				if i%(records/due) == 0 {
					r.RefreshAt = time.Now().Add(-time.Hour)
				}
				set(b, s, token.Key{Provider: fmt.Sprint("provider", i%each), User: fmt.Sprint("user", i/each)}, r)
			}
		})
	}
	wg.Wait()
	for _, c := range []struct {
		name string
		f    token.Filter
		want int
	}{
		{"user of 5", token.Filter{User: "user777"}, each},
		{"subject", token.Filter{Subject: "subject777"}, 1},
		{"due of 100", token.Filter{Due: time.Now()}, due},
		{"provider of 20000", token.Filter{Provider: "provider3"}, records / each},
		{"all 100000", token.Filter{}, records + 1},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				if n := len(list(b, s, c.f)); n != c.want {
					b.Fatalf("%d records, want %d", n, c.want)
				}
			}
		})
	}
}
