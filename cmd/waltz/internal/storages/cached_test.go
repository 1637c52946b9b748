package storages_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/waltz-oauth/waltz/cmd/waltz/internal/storages"
	"github.com/waltz-oauth/waltz/internal/enginetest"
	"github.com/waltz-oauth/waltz/storage/cache"
	"github.com/waltz-oauth/waltz/storage/sqlstore"
	"github.com/waltz-oauth/waltz/token"
)

func TestCacheGoesInFront(t *testing.T) {
	t.Parallel()
	for name, kind := range map[string]func(testing.TB) string{
		"memory":    func(testing.TB) string { return "memory" },
		"redis":     func(t testing.TB) string { return enginetest.StartRedis(t).URL },
		"memcached": func(t testing.TB) string { return "memcached://" + enginetest.StartMemcached(t).Addr },
		"down":      func(testing.TB) string { return "redis://:fake-secret@127.0.0.1:1" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, closeBoth, err := storages.Open("sqlite:" + filepath.Join(t.TempDir(), "a.db") + "?cache=" + kind(t))
			if err != nil {
				t.Fatal(err)
			}
			c, ok := s.(*cache.Storage)
			if !ok {
				t.Fatalf("got a %T", s)
			}
			if _, ok := c.Unwrap().(*sqlstore.Storage); !ok {
				t.Errorf("it is over a %T", c.Unwrap())
			}
			key := token.Key{Provider: "github", User: "alice"}
			if err := s.Set(t.Context(), key, token.New(&token.Token{AccessToken: "fake-a"})); err != nil {
				t.Error(err)
			}
			for range 2 {
				if r, err := s.Get(t.Context(), key); err != nil || r.Token.AccessToken != "fake-a" {
					t.Errorf("got %v, %v", r, err)
				}
			}
			if err := closeBoth(); err != nil {
				t.Error(err)
			}
			if err := c.Unwrap().Delete(t.Context(), key); err == nil {
				t.Error("the database is not closed")
			}
		})
	}
}

// What is for the cache would be an unknown setting to a server.
func TestCacheIsNotForTheDriver(t *testing.T) {
	t.Parallel()
	for name, empty := range map[string]func(testing.TB) string{"postgres": enginetest.Postgres, "mysql": enginetest.MySQL} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := empty(t)
			if strings.Contains(url, "?") {
				url = strings.Replace(url, "?", "?cache=memory&", 1)
			} else {
				url += "?cache=memory"
			}
			if _, _, err := storages.Open(url); !errors.Is(err, sqlstore.ErrNoSchema) {
				t.Errorf("opened: got error %v", err)
			}
			_, open, err := storages.Database(url)
			if err != nil {
				t.Fatal(err)
			}
			db, err := open()
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			if err := db.PingContext(t.Context()); err != nil {
				t.Errorf("to be migrated: %v", err)
			}
		})
	}
}

func TestWrongCacheIsSaidWithoutIt(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"", "fake-secret", "memory&cache=memory", "redis:fake-secret", "redis://:fake-secret@h:port", "memcached://", "memcached://fake-secret", "%zz"} {
		for _, engine := range []string{"sqlite:none.db", "postgres://app:fake-secret@127.0.0.1:1/app", "mysql://app:fake-secret@127.0.0.1:1/app"} {
			_, _, err := storages.Open(engine + "?cache=" + kind)
			if err == nil || strings.Contains(err.Error(), "fake-secret") || !strings.Contains(err.Error(), "?cache=memory, ") {
				t.Errorf("%s?cache=%s: got error %v", engine, kind, err)
			}
		}
	}
	for _, name := range []string{"session:", "memory:", "file:none", "redis://:fake-secret@127.0.0.1:1"} {
		_, _, err := storages.Open(name + "?cache=memory")
		if err == nil || strings.Contains(err.Error(), "fake-secret") || !strings.Contains(err.Error(), "SQL database") {
			t.Errorf("%s: got error %v", name, err)
		}
	}
}
