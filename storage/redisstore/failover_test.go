package redisstore_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/waltz-oauth/waltz/internal/enginetest"
	"github.com/waltz-oauth/waltz/keeper"
	"github.com/waltz-oauth/waltz/storage/redisstore"
	"github.com/waltz-oauth/waltz/token"
)

func TestWriteWithoutReplicasSaysSo(t *testing.T) {
	t.Parallel()
	server := enginetest.StartRedis(t)
	client := connect(t, server.Addr)
	s := storage(t, client, redisstore.Config{Replicas: 1, ReplicaTimeout: 20 * time.Millisecond})
	careless := storage(t, client, redisstore.Config{})
	if err := s.Set(t.Context(), alice, record("a")); !errors.Is(err, redisstore.ErrReplicas) {
		t.Errorf("Set: got error %v", err)
	}
	r := load(t, careless, alice) // it was made
	if _, err := s.Swap(t.Context(), alice, "another", record("b")); !errors.Is(err, token.ErrConflict) {
		t.Errorf("Swap with another version: got error %v", err)
	}
	if _, err := s.Swap(t.Context(), alice, r.Version, record("b")); !errors.Is(err, redisstore.ErrReplicas) {
		t.Errorf("Swap: got error %v", err)
	}
	if got := load(t, careless, alice).Token.AccessToken; got != "fake-b" {
		t.Errorf("the token is %q", got)
	}
	if err := s.Delete(t.Context(), alice); !errors.Is(err, redisstore.ErrReplicas) {
		t.Errorf("Delete: got error %v", err)
	}
	enginetest.StartRedisReplica(t, server)
	s = storage(t, client, redisstore.Config{Replicas: 1})
	set(t, s, alice, record("a"))
}

// A replica takes the place of a primary that still answers whom it can reach, until that is no more.
func TestFailoverLosesOnlyWhatNoReplicaHas(t *testing.T) {
	t.Parallel()
	primary := enginetest.StartRedis(t)
	replica := enginetest.StartRedisReplica(t, primary)
	client, other := connect(t, primary.Addr), connect(t, replica.Addr)
	careless := storage(t, client, redisstore.Config{})
	careful := storage(t, client, redisstore.Config{Replicas: 1, ReplicaTimeout: time.Second})
	bob := token.Key{Provider: "github", User: "bob"}
	set(t, careful, alice, record("a"))
	set(t, careful, bob, record("a"))
	if err := other.ReplicaOf(t.Context(), "NO", "ONE").Err(); err != nil {
		t.Fatal(err)
	}
	set(t, careless, alice, record("b")) // acknowledged
	if err := careful.Set(t.Context(), bob, record("b")); !errors.Is(err, redisstore.ErrReplicas) {
		t.Errorf("got error %v", err)
	}
	primary.Kill()
	after := storage(t, other, redisstore.Config{})
	for _, key := range []token.Key{alice, bob} {
		if got := load(t, after, key).Token.AccessToken; got != "fake-a" {
			t.Errorf("%s: after the failover the token is %q, and only the first was on the replica", key, got)
		}
	}
	if got := list(t, after, token.Filter{}); len(got) != 2 { // the indexes are there with the records
		t.Errorf("%d are listed", len(got))
	}
}

// Of what was acknowledged to those who wait for a replica, a failover loses nothing.
func TestSentinelFailsOver(t *testing.T) {
	t.Parallel()
	primary := enginetest.StartRedis(t)
	enginetest.StartRedisReplica(t, primary)
	enginetest.StartRedisReplica(t, primary) // the one that follows after the other leads
	sentinel := enginetest.StartRedisSentinel(t, primary)
	client := redis.NewSentinelClient(&redis.Options{Addr: sentinel.Addr})
	defer client.Close()
	waitFor(t, "the sentinel knows both replicas", func() error {
		known, err := client.Replicas(t.Context(), "waltz").Result()
		if err == nil && len(known) != 2 {
			err = fmt.Errorf("it knows %d", len(known))
		}
		return err
	})
	failsOver(t, opened(t, sentinel.URL+"&replicas=1"), primary)
}

func TestClusterFailsOver(t *testing.T) {
	t.Parallel()
	all := enginetest.StartRedisCluster(t)
	replicas := enginetest.StartRedisClusterReplicas(t, append(all, all[0])...)
	client := redis.NewClusterClient(&redis.ClusterOptions{
		Addrs:                      []string{all[0].Addr, all[1].Addr, all[2].Addr},
		ContextTimeoutEnabled:      true,
		ClusterStateReloadInterval: time.Hour, // so that it is the storage that finds out
	})
	t.Cleanup(func() { _ = client.Close() })
	s := storage(t, client, redisstore.Config{Replicas: 1})
	everywhere := func(i int) (token.Key, token.Record) {
		return token.Key{Provider: "github", User: fmt.Sprint(i)}, record("a")
	}
	fill(t, s, 32, everywhere)
	if err := connect(t, replicas[1].Addr).Do(t.Context(), "CLUSTER", "FAILOVER", "TAKEOVER").Err(); err != nil {
		t.Fatal(err)
	}
	moved := connect(t, all[1].Addr)
	waitFor(t, "the server follows its replica", func() error {
		info, err := moved.Info(t.Context(), "replication").Result()
		if err == nil && (!strings.Contains(info, "role:slave") || !strings.Contains(info, "master_link_status:up")) {
			err = errors.New(info)
		}
		return err
	})
	fill(t, s, 32, everywhere) // where its servers have moved to, nothing fails
	failsOver(t, s, all[0])
}

// failsOver kills primary under load, and looks for what was acknowledged once writes succeed again.
func failsOver(t *testing.T, s *redisstore.Storage, primary *enginetest.Server) {
	t.Helper()
	w := worker{s: s}
	w.turn.Store(1) // errors are expected at any time
	end := w.begin(t)
	waitFor(t, "there is load", func() error {
		if n := w.done.Load(); n < 100 {
			return fmt.Errorf("%d writes", n)
		}
		return nil
	})
	primary.Kill()
	for i := range w.kept {
		waitFor(t, "the key is written again", func() error {
			return s.Set(t.Context(), token.Key{Provider: "probe", User: w.key(i).User}, record("a"))
		})
	}
	end()
}

// waitFor tries until it works, or fails the test.
func waitFor(t *testing.T, what string, try func() error) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		err := try()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %s: %v", what, err)
		}
	}
}

// A server that is told to have replicas, and has none, refuses writes and changes nothing.
func TestServerRefusesWithoutReplicas(t *testing.T) {
	t.Parallel()
	s, client := own(t)
	set(t, s, alice, record("a"))
	before := load(t, s, alice)
	if err := client.ConfigSet(t.Context(), "min-replicas-to-write", "1").Err(); err != nil {
		t.Fatal(err)
	}
	_, swap := s.Swap(t.Context(), alice, before.Version, record("b"))
	for call, err := range map[string]error{"Set": s.Set(t.Context(), alice, record("b")), "Swap": swap, "Delete": s.Delete(t.Context(), alice)} {
		if !redis.HasErrorPrefix(err, "NOREPLICAS") {
			t.Errorf("%s: got error %v", call, err)
		}
	}
	if got := load(t, s, alice); got.Version != before.Version {
		t.Error("the record was changed")
	}
}

// vendor refreshes what it is handed, and counts.
type vendor struct{ sent atomic.Int64 }

func (v *vendor) Refresh(context.Context, token.Key, *token.Token) (*token.Token, error) {
	v.sent.Add(1)
	return &token.Token{AccessToken: "fake-b", RefreshToken: "fake-r2", Expiry: time.Now().Add(time.Hour)}, nil
}

func (*vendor) Revoke(context.Context, token.Key, *token.Token) error { return nil }

// Where replicas are asked for and are not there, a refresh token is not spent: a failover could bring it
// back after that.
func TestNothingIsRefreshedWithoutReplicas(t *testing.T) {
	t.Parallel()
	server := enginetest.StartRedis(t)
	client := connect(t, server.Addr)
	set(t, storage(t, client, redisstore.Config{}), alice, token.New(&token.Token{
		AccessToken: "fake-a", RefreshToken: "fake-r", Expiry: time.Now().Add(-time.Hour),
	}))
	v := &vendor{}
	k, err := keeper.New(keeper.Config{
		Storage:   storage(t, client, redisstore.Config{Replicas: 1, ReplicaTimeout: 20 * time.Millisecond}),
		Refresher: v,
		Lease:     time.Second,
		Logger:    slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.Fresh(t.Context(), alice); !errors.Is(err, redisstore.ErrReplicas) || v.sent.Load() != 0 {
		t.Errorf("%d were sent, and Fresh returned error %v", v.sent.Load(), err)
	}
	enginetest.StartRedisReplica(t, server)
	waitFor(t, "the token is refreshed", func() error {
		_, err := k.Fresh(t.Context(), alice)
		return err
	})
	if n := v.sent.Load(); n != 1 {
		t.Errorf("%d were sent", n)
	}
}

// A Load that follows a Swap of which nobody knows is it safe says so, until it is.
func TestLoadAfterASwapThatMayBeUndone(t *testing.T) {
	t.Parallel()
	server := enginetest.StartRedis(t)
	client := connect(t, server.Addr)
	careful := storage(t, client, redisstore.Config{Replicas: 1, ReplicaTimeout: 20 * time.Millisecond})
	careless := storage(t, client, redisstore.Config{})
	set(t, careless, alice, record("a"))
	old := load(t, careful, alice).Version // nothing of its own is in doubt
	if _, err := careful.Swap(t.Context(), alice, old, record("b")); !errors.Is(err, redisstore.ErrReplicas) {
		t.Errorf("Swap: got error %v", err)
	}
	for range 2 {
		if _, err := careful.Load(t.Context(), alice); !errors.Is(err, redisstore.ErrReplicas) {
			t.Errorf("Load: got error %v", err)
		}
		if _, err := careful.Swap(t.Context(), alice, old, record("c")); !errors.Is(err, token.ErrConflict) {
			t.Errorf("Swap with an old version: got error %v", err)
		}
	}
	kept := load(t, careless, alice)
	enginetest.StartRedisReplica(t, server)
	waitFor(t, "it is on the replica", func() error {
		r, err := careful.Load(t.Context(), alice)
		if err == nil && r.Version != kept.Version {
			t.Errorf("Load gave version %q, want %q", r.Version, kept.Version)
		}
		return err
	})
	if err := client.Do(t.Context(), "CONFIG", "RESETSTAT").Err(); err != nil {
		t.Fatal(err)
	}
	load(t, careful, alice)
	if stats, err := client.Info(t.Context(), "commandstats").Result(); err != nil || strings.Contains(stats, "cmdstat_set:") {
		t.Errorf("a Load without doubt writes: %v\n%s", err, stats)
	}
}
