package cache_test

import (
	"crypto/rand"
	"database/sql"
	"path/filepath"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/waltz-oauth/waltz/internal/enginetest"
	"github.com/waltz-oauth/waltz/storage/cache"
	"github.com/waltz-oauth/waltz/storage/cache/rediscache"
	"github.com/waltz-oauth/waltz/storage/sqlstore"
	"github.com/waltz-oauth/waltz/storage/sqlstore/mysql"
	"github.com/waltz-oauth/waltz/storage/sqlstore/postgres"
	"github.com/waltz-oauth/waltz/storage/sqlstore/sqlite"
	"github.com/waltz-oauth/waltz/storage/storagetest"
	"github.com/waltz-oauth/waltz/token"
)

// nexts are the storages to put a cache over that outlive the process.
func nexts() map[string]func(*testing.T) token.Storage {
	return map[string]func(*testing.T) token.Storage{
		"file":     func(t *testing.T) token.Storage { return openFile(t, filepath.Join(t.TempDir(), "tokens")) },
		"sqlite":   func(t *testing.T) token.Storage { s, _ := tables()["sqlite"](t); return s },
		"postgres": func(t *testing.T) token.Storage { s, _ := tables()["postgres"](t); return s },
		"mysql":    func(t *testing.T) token.Storage { s, _ := tables()["mysql"](t); return s },
	}
}

// tables are those of nexts that are in a database.
func tables() map[string]func(*testing.T) (*sqlstore.Storage, *sql.DB) {
	return map[string]func(*testing.T) (*sqlstore.Storage, *sql.DB){
		"sqlite": func(t *testing.T) (*sqlstore.Storage, *sql.DB) {
			db, err := sqlite.OpenDB(filepath.Join(t.TempDir(), "tokens.db"))
			return table(t, sqlite.Dialect(), db, err)
		},
		"postgres": func(t *testing.T) (*sqlstore.Storage, *sql.DB) {
			db, err := postgres.OpenDB(enginetest.Postgres(t))
			return table(t, postgres.Dialect(), db, err)
		},
		"mysql": func(t *testing.T) (*sqlstore.Storage, *sql.DB) {
			db, err := mysql.OpenDB(enginetest.MySQL(t))
			return table(t, mysql.Dialect(), db, err)
		},
	}
}

func table(t *testing.T, d sqlstore.Dialect, db *sql.DB, err error) (*sqlstore.Storage, *sql.DB) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	s, err := sqlstore.New(db, sqlstore.Config{Dialect: d, Owned: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s, db
}

func TestPromisesOverEachEngine(t *testing.T) {
	t.Parallel()
	for name, next := range nexts() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, cache.Config{Next: next(t)})
			storagetest.Run(t, func(*testing.T) token.Storage { return s })
		})
	}
}

// TestSoakPromisesWithABackend does it over the others.
func TestPromisesOverPostgresWithABackend(t *testing.T) {
	t.Parallel()
	promisesWithABackend(t, nexts()["postgres"])
}

func promisesWithABackend(t *testing.T, next func(*testing.T) token.Storage) {
	t.Helper()
	for kind, backend := range map[string]func(*testing.T) cache.Backend{
		"redis":     sharedRedis,
		"memcached": func(t *testing.T) cache.Backend { return openMemcached(t, enginetest.StartMemcached(t).Addr) },
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			// Memory forgets at once, so that it is the backend that is asked.
			s := open(t, cache.Config{Next: next(t), Backend: backend(t), TTL: time.Nanosecond, SharedTTL: time.Minute, Timeout: patience})
			storagetest.Run(t, func(*testing.T) token.Storage { return s })
		})
	}
}

// sharedRedis is a part of a Redis that others use, where all is forgotten in a minute.
func sharedRedis(t *testing.T) cache.Backend {
	t.Helper()
	client := redis.NewClient(&redis.Options{Addr: enginetest.Redis(t), ContextTimeoutEnabled: true})
	t.Cleanup(func() { _ = client.Close() })
	c, err := rediscache.New(rediscache.Config{Client: client, Prefix: rand.Text() + ":"})
	if err != nil {
		t.Fatal(err)
	}
	return c
}
