package redisstore_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/waltz-oauth/waltz/internal/enginetest"
	"github.com/waltz-oauth/waltz/storage/redisstore"
	"github.com/waltz-oauth/waltz/token"
)

var alice = token.Key{Provider: "github", User: "alice"}

func TestNewRefusesWhatCannotWork(t *testing.T) {
	t.Parallel()
	client := redis.NewClient(&redis.Options{})
	defer client.Close()
	ring := redis.NewRing(&redis.RingOptions{})
	defer ring.Close()
	type wrapped struct{ redis.UniversalClient }
	for name, c := range map[string]struct {
		client redis.UniversalClient
		config redisstore.Config
		ok     bool
	}{
		"a client":                      {client, redisstore.Config{}, true},
		"a prefix":                      {client, redisstore.Config{Prefix: "My.app_2:tokens-"}, true},
		"a wrapped client":              {wrapped{client}, redisstore.Config{}, true},
		"no client":                     {nil, redisstore.Config{}, false},
		"a ring":                        {ring, redisstore.Config{}, false},
		"braces in the prefix":          {client, redisstore.Config{Prefix: "{a}"}, false},
		"a space in the prefix":         {client, redisstore.Config{Prefix: "a b"}, false},
		"a long prefix":                 {client, redisstore.Config{Prefix: strings.Repeat("a", 65)}, false},
		"fewer replicas than none":      {client, redisstore.Config{Replicas: -1}, false},
		"less time than none":           {client, redisstore.Config{ReplicaTimeout: -1}, false},
		"replicas of a wrapped client":  {wrapped{client}, redisstore.Config{Replicas: 1}, false},
		"replicas and time to wait for": {client, redisstore.Config{Replicas: 1, ReplicaTimeout: time.Second}, true},
	} {
		if _, err := redisstore.New(c.client, c.config); (err == nil) != c.ok {
			t.Errorf("%s: got error %v", name, err)
		}
	}
}

func TestOpenTakesURLs(t *testing.T) {
	t.Parallel()
	const secret = "fake-secret"
	for _, url := range []string{
		"redis://localhost",
		"redis://u:" + secret + "@localhost:6379/3?pool_size=3",
		"rediss://localhost?prefix=app&replicas=1",
		"redis://a:6379?addr=b:6379&addr=c:6379",
		"redis://a:26379?master_name=waltz&addr=b:26379",
	} {
		s, err := redisstore.Open(url)
		if err == nil {
			err = s.Close()
		}
		if err != nil {
			t.Errorf("%q: got error %v", url, err)
		}
	}
	for _, url := range []string{
		"",
		"localhost:6379",
		"http://u:" + secret + "@host",
		"redis://u:" + secret + "%zz@host",
		"redis://u:" + secret + "@host:port",
		"redis://:" + secret + "@host/db",
		"redis://:" + secret + "@host?prefix={a}",
		"redis://:" + secret + "@host?replicas=two",
		"redis://:" + secret + "@host?unknown=1",
		"redis://:" + secret + "@host?addr=nonsense",
		"redis://:" + secret + "@host?master_name=m&route_randomly=true",
	} {
		s, err := redisstore.Open(url)
		if err == nil {
			_ = s.Close()
			t.Errorf("%q was taken", url)
		} else if strings.Contains(err.Error(), secret) {
			t.Error("the error has the password")
		}
	}
}

func TestCloseLeavesTheCallersClient(t *testing.T) {
	t.Parallel()
	s, client, _ := shared(t)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := client.Ping(t.Context()).Err(); err != nil {
		t.Error(err)
	}
	owned, err := redisstore.Open("redis://" + enginetest.Redis(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := owned.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := owned.Get(t.Context(), alice); !errors.Is(err, redis.ErrClosed) {
		t.Errorf("got error %v", err)
	}
}

func TestEveryMachineSeesIt(t *testing.T) {
	t.Parallel()
	s, _, _ := shared(t)
	if got := token.Reaches(s); got != token.Network {
		t.Errorf("it reaches the %s", got)
	}
}

func TestNothingExpires(t *testing.T) {
	t.Parallel()
	s, client, prefix := shared(t)
	past := time.Now().Add(-time.Hour)
	r := token.New(&token.Token{AccessToken: "fake-a", RefreshToken: "fake-r", Expiry: past})
	r.RefreshAt, r.NotBefore, r.Lease = past, past, token.Lease{Attempt: "a", Until: past}
	set(t, s, alice, r)
	if _, err := s.Swap(t.Context(), alice, load(t, s, alice).Version, r); err != nil {
		t.Fatal(err)
	}
	names := names(t, client, prefix)
	if len(names) != 3 {
		t.Fatalf("there are the keys %q, want three", names)
	}
	for _, name := range names {
		if ttl, err := client.TTL(t.Context(), name).Result(); err != nil || ttl != -1 {
			t.Errorf("%q expires in %v, %v", name, ttl, err)
		}
	}
}

// What a server knows of scripts is gone when it starts again, or when somebody says so.
func TestScriptsAreLoadedAgain(t *testing.T) {
	t.Parallel()
	s, client := own(t)
	forget := func() {
		t.Helper()
		if err := client.ScriptFlush(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		forget()
		set(t, s, alice, record("a"))
		forget()
		r := load(t, s, alice)
		forget()
		if _, err := s.Swap(t.Context(), alice, r.Version, record("b")); err != nil {
			t.Fatal(err)
		}
		forget()
		if err := s.Delete(t.Context(), alice); err != nil {
			t.Fatal(err)
		}
	}
}

func TestLoadHasTheServersClock(t *testing.T) {
	t.Parallel()
	s, client, _ := shared(t)
	set(t, s, alice, record("a"))
	before, err := client.Time(t.Context()).Result()
	if err != nil {
		t.Fatal(err)
	}
	now := load(t, s, alice).Now
	after, err := client.Time(t.Context()).Result()
	if err != nil {
		t.Fatal(err)
	}
	if now.Before(before.Truncate(time.Microsecond)) || now.After(after) || now.Location() != time.UTC {
		t.Errorf("it was %v, between %v and %v", now, before, after)
	}
}

func TestTooMuchIsRefused(t *testing.T) {
	t.Parallel()
	s, client, prefix := shared(t)
	const most = 8 << 10
	long := strings.Repeat("\x00", most)
	huge, subject, edge := record("a"), record("a"), record("a")
	huge.Token = &token.Token{AccessToken: strings.Repeat("x", 9<<20)}
	subject.Subject = long + "x"
	edge.Subject = long
	for _, c := range []struct {
		name string
		key  token.Key
		r    token.Record
		want error
	}{
		{"longest key", token.Key{Provider: "p", User: long[1:]}, edge, nil},
		{"key", token.Key{Provider: "p", User: long}, record("a"), token.ErrKey},
		{"subject", token.Key{Provider: "p"}, subject, token.ErrTooLarge},
		{"token", token.Key{Provider: "p"}, huge, token.ErrTooLarge},
	} {
		if err := s.Set(t.Context(), c.key, c.r); !errors.Is(err, c.want) {
			t.Errorf("%s: got error %.200v, want %v", c.name, err, c.want)
		}
		if c.want == nil {
			if n := len(list(t, s, token.Filter{Subject: long})); n != 1 {
				t.Errorf("%s: %d are listed", c.name, n)
			}
			if err := s.Delete(t.Context(), c.key); err != nil {
				t.Error(err)
			}
		}
	}
	if left := names(t, client, prefix); len(left) > 0 {
		t.Errorf("what was refused left %q", left)
	}
	_, get := s.Get(t.Context(), token.Key{User: long + "x"})
	_, load := s.Load(t.Context(), token.Key{User: long + "x"})
	for _, err := range []error{get, load, s.Delete(t.Context(), token.Key{User: long + "x"})} {
		if !errors.Is(err, token.ErrKey) {
			t.Errorf("got error %.200v", err)
		}
	}
}
