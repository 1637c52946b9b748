// Package engines names the storages that several processes can share, so that tests start processes
// on each of them.
package engines

import (
	"context"
	"crypto/rand"
	sqldb "database/sql"
	"fmt"
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
	// Own is as Empty, in a server of the test's own that it may kill. Nil where there is no server.
	Own func(t testing.TB) (where string, server *enginetest.Server)
}

// All returns the engines.
func All() []Engine {
	return []Engine{
		sql("postgres", enginetest.Postgres, enginetest.StartPostgres, postgres.Dialect(), postgres.OpenDB),
		sql("mariadb", enginetest.MySQL, enginetest.StartMySQL, mysql.Dialect(), mysql.OpenDB),
		sql("sqlite", func(t testing.TB) string { return filepath.Join(t.TempDir(), "tokens.db") }, nil, sqlite.Dialect(), sqlite.OpenDB),
		{"redis", sharedRedis, func(where string) (Storage, error) { return redisstore.Open(where) }, ownRedis},
		{"nats", sharedNATS, func(where string) (Storage, error) { return natsstore.Open(where) }, ownNATS},
		{"file", func(t testing.TB) string { return filepath.Join(t.TempDir(), "tokens") }, func(where string) (Storage, error) { return filestore.New(where) }, nil},
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

func sql(name string, empty func(testing.TB) string, own func(testing.TB) *enginetest.Server, d sqlstore.Dialect, open func(string) (*sqldb.DB, error)) Engine {
	e := Engine{Name: name}
	e.Open = func(where string) (Storage, error) {
		db, err := open(where)
		if err != nil {
			return nil, err
		}
		db.SetMaxOpenConns(connections)
		return sqlstore.New(db, sqlstore.Config{Dialect: d, Owned: true})
	}
	migrated := func(t testing.TB, where string) string {
		t.Helper()
		s, err := e.Open(where)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if err := s.(*sqlstore.Storage).Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		return where
	}
	e.Empty = func(t testing.TB) string {
		t.Helper()
		return migrated(t, empty(t))
	}
	if own != nil {
		e.Own = func(t testing.TB) (string, *enginetest.Server) {
			t.Helper()
			server := own(t)
			return migrated(t, server.URL), server
		}
	}
	return e
}

// sharedRedis is a prefix of the test's own in a Redis that others use.
func sharedRedis(t testing.TB) string {
	t.Helper()
	addr, prefix := enginetest.Redis(t), "waltz_test_"+rand.Text()
	t.Cleanup(func() {
		c := redis.NewClient(&redis.Options{Addr: addr})
		defer c.Close()
		const patience = time.Minute
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		all := c.Scan(ctx, 0, "*"+prefix+"*", 1000).Iterator()
		for all.Next(ctx) {
			if err := c.Del(ctx, all.Val()).Err(); err != nil {
				t.Error(err)
			}
		}
		if err := all.Err(); err != nil {
			t.Error(err)
		}
	})
	return redisAt("redis://"+addr, prefix)
}

func ownRedis(t testing.TB) (string, *enginetest.Server) {
	t.Helper()
	s := enginetest.StartRedis(t)
	return redisAt(s.URL, "waltz"), s
}

func redisAt(server, prefix string) string {
	return fmt.Sprintf("%s?prefix=%s&pool_size=%d", server, prefix, connections)
}

// sharedNATS is a bucket of the test's own in a server that others use.
func sharedNATS(t testing.TB) string {
	t.Helper()
	where := "nats://" + enginetest.NATS(t) + "/waltz_test_" + rand.Text()
	js, bucket := bucketIn(t, where)
	t.Cleanup(func() {
		if err := js.DeleteKeyValue(context.Background(), bucket); err != nil {
			t.Error(err)
		}
	})
	return where
}

func ownNATS(t testing.TB) (string, *enginetest.Server) {
	t.Helper()
	s := enginetest.StartNATS(t)
	where := s.URL + "/waltz"
	bucketIn(t, where)
	return where, s
}

// bucketIn makes the bucket.
func bucketIn(t testing.TB, where string) (js jetstream.JetStream, bucket string) {
	t.Helper()
	u, err := url.Parse(where)
	if err != nil {
		t.Fatal(err)
	}
	nc, err := nats.Connect(u.Host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	if js, err = jetstream.New(nc); err != nil {
		t.Fatal(err)
	}
	bucket = strings.TrimPrefix(u.Path, "/")
	if err := natsstore.CreateBucket(t.Context(), js, natsstore.Bucket{Name: bucket}); err != nil {
		t.Fatal(err)
	}
	return js, bucket
}
