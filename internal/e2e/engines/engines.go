// Package engines names the storages that several processes can share, so that tests start processes
// on each of them.
package engines

import (
	"context"
	"crypto/rand"
	"database/sql"
	"io"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/redis/go-redis/v9"

	"github.com/waltz-oauth/waltz/internal/enginetest"
	"github.com/waltz-oauth/waltz/storage/filestore"
	"github.com/waltz-oauth/waltz/storage/natsstore"
	"github.com/waltz-oauth/waltz/storage/redisstore"
	"github.com/waltz-oauth/waltz/storage/sqlstore"
	"github.com/waltz-oauth/waltz/storage/sqlstore/mysql"
	"github.com/waltz-oauth/waltz/storage/sqlstore/postgres"
	"github.com/waltz-oauth/waltz/storage/sqlstore/sqlite"
	"github.com/waltz-oauth/waltz/token"
)

// Storage is what all of them are.
type Storage interface {
	token.Versioned
	token.Lister
	io.Closer
}

// Engine is one kind of storage.
type Engine struct {
	Name string
	// Empty makes an empty storage that goes with the test, and returns where it is.
	Empty func(t testing.TB) string
	// Open opens it, in this process or another, with two connections at most.
	Open func(where string) (Storage, error)
}

// All returns the engines.
func All() []Engine {
	return []Engine{
		{"postgres", table(enginetest.Postgres, postgres.Dialect(), postgres.OpenDB), opened(postgres.Dialect(), postgres.OpenDB)},
		{"mariadb", table(enginetest.MySQL, mysql.Dialect(), mysql.OpenDB), opened(mysql.Dialect(), mysql.OpenDB)},
		{"sqlite", table(sqliteFile, sqlite.Dialect(), sqlite.OpenDB), opened(sqlite.Dialect(), sqlite.OpenDB)},
		{"redis", redisPrefix, openRedis},
		{"nats", natsBucket, openNATS},
		{"file", func(t testing.TB) string { return filepath.Join(t.TempDir(), "tokens") }, openFile},
	}
}

// Named returns the engine of that name.
func Named(name string) (Engine, bool) {
	for _, e := range All() {
		if e.Name == name {
			return e, true
		}
	}
	return Engine{}, false
}

const connections = 2

func sqliteFile(t testing.TB) string { return filepath.Join(t.TempDir(), "tokens.db") }

// table makes a database with the table in it.
func table(empty func(testing.TB) string, d sqlstore.Dialect, open func(string) (*sql.DB, error)) func(testing.TB) string {
	return func(t testing.TB) string {
		t.Helper()
		where := empty(t)
		db, err := open(where)
		if err != nil {
			t.Fatal(err)
		}
		s, err := sqlstore.New(db, sqlstore.Config{Dialect: d, Owned: true})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if err := s.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		return where
	}
}

func opened(d sqlstore.Dialect, open func(string) (*sql.DB, error)) func(string) (Storage, error) {
	return func(where string) (Storage, error) {
		db, err := open(where)
		if err != nil {
			return nil, err
		}
		db.SetMaxOpenConns(connections)
		return sqlstore.New(db, sqlstore.Config{Dialect: d, Owned: true})
	}
}

// redisPrefix is the address of a Redis and a prefix of the test's own there.
func redisPrefix(t testing.TB) string {
	t.Helper()
	u := url.URL{Scheme: "redis", Host: enginetest.Redis(t), Path: "/waltz_test_" + rand.Text()}
	t.Cleanup(func() {
		c := redis.NewClient(&redis.Options{Addr: u.Host})
		defer c.Close()
		const patience = time.Minute
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		all := c.Scan(ctx, 0, "*"+strings.TrimPrefix(u.Path, "/")+"*", 1000).Iterator()
		for all.Next(ctx) {
			if err := c.Del(ctx, all.Val()).Err(); err != nil {
				t.Error(err)
			}
		}
		if err := all.Err(); err != nil {
			t.Error(err)
		}
	})
	return u.String()
}

func openRedis(where string) (Storage, error) {
	u, err := url.Parse(where)
	if err != nil {
		return nil, err
	}
	c := redis.NewClient(&redis.Options{Addr: u.Host, PoolSize: connections, ContextTimeoutEnabled: true})
	return redisstore.New(c, redisstore.Config{Prefix: strings.TrimPrefix(u.Path, "/"), Owned: true})
}

// natsBucket is a bucket of the test's own.
func natsBucket(t testing.TB) string {
	t.Helper()
	u := url.URL{Scheme: "nats", Host: enginetest.NATS(t), Path: "/waltz_test_" + rand.Text()}
	nc, err := nats.Connect(u.Host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	bucket := strings.TrimPrefix(u.Path, "/")
	if err := natsstore.CreateBucket(t.Context(), js, natsstore.Bucket{Name: bucket}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := js.DeleteKeyValue(context.Background(), bucket); err != nil {
			t.Error(err)
		}
	})
	return u.String()
}

func openNATS(where string) (Storage, error) { return natsstore.Open(where) }

func openFile(where string) (Storage, error) { return filestore.New(where) }
