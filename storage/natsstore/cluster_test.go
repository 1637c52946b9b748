package natsstore_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/waltz-oauth/waltz/internal/enginetest"
	"github.com/waltz-oauth/waltz/storage/natsstore"
	"github.com/waltz-oauth/waltz/storage/storagetest"
	"github.com/waltz-oauth/waltz/token"
)

// cluster starts three servers with a bucket that is on all of them, and returns the bucket's URLs.
func cluster(t *testing.T) (servers []*enginetest.Server, urls []string) {
	t.Helper()
	servers = enginetest.StartNATSCluster(t)
	for _, s := range servers {
		urls = append(urls, s.URL+"/waltz")
	}
	nc, bucket, err := natsstore.Connect(urls[0])
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	js := jetStream(t, nc)
	eventually(t, "the servers have found each other", func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		return natsstore.CreateBucket(ctx, js, natsstore.Bucket{Name: bucket, Replicas: 3}) == nil
	})
	return servers, urls
}

// Three servers, of the version in tools/nats-server, that have the bucket each.
func TestCluster(t *testing.T) {
	t.Parallel()
	servers, urls := cluster(t)
	var all []*natsstore.Storage
	for _, url := range urls {
		all = append(all, open(t, url))
	}
	t.Run("the promises are kept", func(t *testing.T) {
		storagetest.Run(t, func(*testing.T) token.Storage { return all[0] })
	})
	t.Run("replicas that lag are not asked", func(t *testing.T) { lagging(t, all) })
	t.Run("a bucket of which any replica answers is refused", func(t *testing.T) {
		nc, _, err := natsstore.Connect(urls[0])
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
		js := jetStream(t, nc)
		if _, err := js.CreateKeyValue(t.Context(), jetstream.KeyValueConfig{Bucket: "plain", Replicas: 3}); err != nil {
			t.Fatal(err)
		}
		if _, err := natsstore.New(t.Context(), js, "plain"); !errors.Is(err, natsstore.ErrWrongBucket) {
			t.Errorf("got error %v", err)
		}
	})
	t.Run("nothing acknowledged is lost with a server", func(t *testing.T) { killing(t, servers, all) })
}

// lagging has one server after another store, and asks all of them, with Get, Load and List.
func lagging(t *testing.T, all []*natsstore.Storage) {
	key := token.Key{Provider: "google", User: "alice"}
	for i := range uint64(100) {
		r := record("a")
		r.Generation = i
		set(t, all[i%3], key, r)
		for _, s := range all {
			if got, err := s.Get(t.Context(), key); err != nil || got.Generation != i {
				t.Fatalf("%d was stored, and Get gives %d, %v", i, got.Generation, err)
			}
			if got := load(t, s, key); got.Generation != i {
				t.Fatalf("%d was stored, and Load gives %d", i, got.Generation)
			}
		}
	}
}

// killing kills and starts again one server after another.
func killing(t *testing.T, servers []*enginetest.Server, all []*natsstore.Storage) {
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for i := range 6 {
		key := token.Key{Provider: "github", User: string(rune('a' + i))}
		wg.Go(func() { counts(t, all[i%3], key, stop) })
	}
	const work = 500 * time.Millisecond
	for _, s := range servers {
		time.Sleep(work)
		s.Kill()
		time.Sleep(work)
		s.Start(t)
	}
	time.Sleep(work)
	close(stop)
	wg.Wait()
}

// counts up at a key where nobody else writes, and looks whether what is there can be.
func counts(t *testing.T, s *natsstore.Storage, key token.Key, stop <-chan struct{}) {
	var kept uint64
	var maybe []uint64
	acknowledged := 0
	for n := uint64(1); ; n++ {
		select {
		case <-stop:
			if acknowledged == 0 {
				t.Errorf("%s: nothing was acknowledged", key)
			}
			return
		default:
		}
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		was, err := s.Load(ctx, key)
		if err == nil || errors.Is(err, token.ErrNotFound) {
			if was.Generation != kept && !slices.Contains(maybe, was.Generation) {
				t.Errorf("%s: %d is there, %d was acknowledged, and then %d not", key, was.Generation, kept, maybe)
			}
			r := record("a")
			r.Generation = n
			if was.Version == "" {
				err = s.Set(ctx, key, r)
			} else {
				_, err = s.Swap(ctx, key, was.Version, r)
			}
			if err == nil {
				kept, maybe = n, nil
				acknowledged++
			} else {
				maybe = append(maybe, n)
			}
		}
		cancel()
		if err != nil {
			time.Sleep(10 * time.Millisecond)
		}
	}
}
