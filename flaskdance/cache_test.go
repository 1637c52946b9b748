package flaskdance_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/waltz-oauth/waltz/flaskdance"
	"github.com/waltz-oauth/waltz/storage/memstore"
	"github.com/waltz-oauth/waltz/storage/storagetest"
	"github.com/waltz-oauth/waltz/token"
)

type cacheFile struct {
	Keys []struct {
		Name     string
		Inputs   struct{ Provider string }
		Expected struct{ Key string }
	}
	Redis []struct {
		Name   string
		Inputs struct {
			Provider string
			Config   map[string]any
		}
		Expected struct {
			AfterGet map[string]any `json:"after_get"`
		}
	}
}

func cacheVectors(t *testing.T) (file cacheFile) {
	t.Helper()
	if err := json.Unmarshal([]byte(read(t, "testdata/cache/cache.json")), &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Keys)+len(file.Redis) != 35 {
		t.Fatalf("there are %d and %d vectors", len(file.Keys), len(file.Redis))
	}
	return file
}

// Whose id the key has is settled before there is a key here: what Flask-Dance makes of its user, the
// application's User function says.
func TestCacheKeysAreFlaskDances(t *testing.T) {
	t.Parallel()
	for _, v := range cacheVectors(t).Keys {
		user, ok := strings.CutPrefix(v.Expected.Key, "flask_dance_token|"+v.Inputs.Provider+"|")
		if !ok {
			t.Fatalf("%s: the key is %q", v.Name, v.Expected.Key)
		}
		keys := []token.Key{{Provider: v.Inputs.Provider, User: user}}
		if user == "None" {
			keys = append(keys, token.Key{Provider: v.Inputs.Provider})
		}
		for _, key := range keys {
			if got := flaskdance.CacheKey(key); got != v.Expected.Key {
				t.Errorf("%s: got %q, want %q", v.Name, got, v.Expected.Key)
			}
		}
	}
}

func TestAWriteDropsWhatFlaskCached(t *testing.T) {
	t.Parallel()
	for _, v := range cacheVectors(t).Redis {
		redis := maps.Clone(v.Expected.AfterGet)
		c := flaskdance.UncachedConfig{Storage: memstore.New(), Drop: func(_ context.Context, key string) error {
			delete(redis, key)
			return nil
		}}
		if prefix, ok := v.Inputs.Config["CACHE_KEY_PREFIX"].(string); ok {
			c.Prefix = &prefix
		}
		s, err := flaskdance.NewUncached(c)
		if err != nil {
			t.Fatal(err)
		}
		key := token.Key{Provider: v.Inputs.Provider}
		for _, write := range []func() error{
			func() error { return s.Set(t.Context(), key, record("a")) },
			func() error {
				_, err := s.Swap(t.Context(), key, load(t, s, key).Version, record("b"))
				return err
			},
			func() error { return s.Delete(t.Context(), key) },
		} {
			redis = maps.Clone(v.Expected.AfterGet)
			if err := write(); err != nil {
				t.Fatal(err)
			}
			if len(redis) > 0 {
				t.Errorf("%s: left are %v", v.Name, slices.Collect(maps.Keys(redis)))
			}
		}
	}
}

func TestACacheThatIsDownUndoesNoWrite(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	s, err := flaskdance.NewUncached(flaskdance.UncachedConfig{
		Storage: memstore.New(),
		Drop:    func(context.Context, string) error { return errors.New("the cache is down") },
		Logger:  slog.New(slog.NewTextHandler(&log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	key := token.Key{Provider: "github"}
	set(t, s, key, record("a"))
	if got := load(t, s, key).Token.AccessToken; got != "fake-a" {
		t.Errorf("got %s", got)
	}
	if !strings.Contains(log.String(), "the cache is down") || strings.Contains(log.String(), "fake-") {
		t.Errorf("the log says %s", log.String())
	}
}

func TestUncachedKeepsThePromisesOfWhatItWraps(t *testing.T) {
	t.Parallel()
	for name, next := range map[string]token.Storage{"versioned": memstore.New(), "plain": struct{ token.Storage }{memstore.New()}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := flaskdance.NewUncached(flaskdance.UncachedConfig{Storage: next, Drop: func(context.Context, string) error { return nil }})
			if err != nil {
				t.Fatal(err)
			}
			storagetest.Run(t, func(*testing.T) token.Storage { return s })
		})
	}
}
