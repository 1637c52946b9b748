package redisstore_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/waltz-oauth/waltz/internal/enginetest"
	"github.com/waltz-oauth/waltz/storage/redisstore"
	"github.com/waltz-oauth/waltz/token"
)

const patience = time.Minute // on a machine that is busy

// watching has s watched until the test ends, and returns what is heard, the first word of which is that
// it listens.
func watching(t *testing.T, s *redisstore.Storage) <-chan token.Key {
	t.Helper()
	heard, ended := make(chan token.Key, 1000), make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { ended <- s.Watch(ctx, func(key token.Key) { heard <- key }) }()
	t.Cleanup(func() {
		cancel()
		if err := await(t, ended); !errors.Is(err, context.Canceled) {
			t.Errorf("Watch returned error %v", err)
		}
	})
	hears(t, heard, token.Key{})
	return heard
}

func await[T any](t *testing.T, c <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-time.After(patience):
		t.Fatal("waited in vain")
	}
	return v
}

func hears(t *testing.T, heard <-chan token.Key, want token.Key) {
	t.Helper()
	if got := await(t, heard); got != want {
		t.Errorf("heard of %s, want %s", got, want)
	}
}

func TestWatchHearsOfEveryChange(t *testing.T) {
	t.Parallel()
	writer, _, prefix := shared(t)
	reader := opened(t, "redis://"+enginetest.Redis(t)+"?prefix="+prefix)
	heard := watching(t, reader)
	odd := token.Key{Provider: "git hub", User: "\x00\xff ", Account: "a\nb"}
	for _, key := range []token.Key{alice, odd} {
		set(t, writer, key, record("a"))
		hears(t, heard, key)
		r := load(t, writer, key)
		if _, err := writer.Swap(t.Context(), key, r.Version, record("b")); err != nil {
			t.Fatal(err)
		}
		hears(t, heard, key)
		if _, err := writer.Swap(t.Context(), key, r.Version, record("c")); !errors.Is(err, token.ErrConflict) {
			t.Fatal(err)
		}
		if err := writer.Delete(t.Context(), key); err != nil {
			t.Fatal(err)
		}
		hears(t, heard, key)
		if err := writer.Delete(t.Context(), key); err != nil {
			t.Fatal(err)
		}
	}
	set(t, writer, alice, record("a"))
	hears(t, heard, alice) // and of nothing before: a conflict and a delete of nothing are no changes
}

// Whoever reads upon hearing finds what was written.
func TestWhatIsHeardOfIsThere(t *testing.T) {
	t.Parallel()
	s, _, _ := shared(t)
	heard := watching(t, s)
	for n := range uint64(200) {
		r := record("a")
		r.Generation = n
		go func() {
			if err := s.Set(t.Context(), alice, r); err != nil {
				t.Error(err)
			}
		}()
		hears(t, heard, alice)
		if got := load(t, s, alice).Generation; got != n {
			t.Fatalf("heard of generation %d, and found %d", n, got)
		}
	}
}

func TestWatchGoesOnAfterTheServerWasAway(t *testing.T) {
	t.Parallel()
	server := enginetest.StartRedis(t)
	s := opened(t, server.URL)
	heard := watching(t, s)
	server.Kill()
	time.Sleep(300 * time.Millisecond)
	server.Start(t)
	hears(t, heard, token.Key{}) // anything may have changed
	set(t, s, alice, record("a"))
	hears(t, heard, alice)
}

func TestWatchHearsFromEveryServerOfACluster(t *testing.T) {
	t.Parallel()
	s := opened(t, enginetest.StartRedisCluster(t)[0].URL)
	heard := watching(t, s)
	for _, user := range []string{"a", "b", "c", "d", "e", "f", "g", "h", "i"} {
		key := token.Key{Provider: "github", User: user}
		set(t, s, key, record("a"))
		hears(t, heard, key)
	}
}

// Where it cannot listen, it says so rather than listen to nothing.
func TestWatchReturnsWhereItCannotListen(t *testing.T) {
	t.Parallel()
	_, client := own(t)
	if err := client.Do(t.Context(), "ACL", "SETUSER", "deaf", "on", ">fake-password", "~*", "+@all", "resetchannels").Err(); err != nil {
		t.Fatal(err)
	}
	s := opened(t, "redis://deaf:fake-password@"+client.Options().Addr)
	if err := s.Watch(t.Context(), func(token.Key) { t.Error("it listens") }); !redis.HasErrorPrefix(err, "NOPERM") {
		t.Errorf("got error %v", err)
	}
	if err := s.Set(t.Context(), alice, record("a")); err == nil || !strings.Contains(err.Error(), "can't publish") {
		t.Errorf("got error %v", err)
	}
	if _, err := s.Get(t.Context(), alice); !errors.Is(err, token.ErrNotFound) {
		t.Errorf("a write that could not be told of was made: %v", err)
	}
}
