// Package storages opens the storage that a URL names, for the commands' --storage.
package storages

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/waltz-oauth/waltz/storage/filestore"
	"github.com/waltz-oauth/waltz/storage/memstore"
	"github.com/waltz-oauth/waltz/storage/natsstore"
	"github.com/waltz-oauth/waltz/storage/redisstore"
	"github.com/waltz-oauth/waltz/storage/sqlstore"
	"github.com/waltz-oauth/waltz/storage/sqlstore/mysql"
	"github.com/waltz-oauth/waltz/storage/sqlstore/postgres"
	"github.com/waltz-oauth/waltz/storage/sqlstore/sqlite"
	"github.com/waltz-oauth/waltz/token"
)

// Usage lists the URLs that Open takes.
const Usage = "session:, memory:, file:DIRECTORY or sqlite:FILE, or a server's redis://USER:PASSWORD@HOST, " + BucketUsage + ", " + servers +
	"; with an SQL database also " + caches

// Open returns the storage that name, a URL, names, and what closes it. The storage of session: is nil:
// an App makes its own. An SQL database may have a parameter cache, and then has a cache in front that
// runs until it is closed.
func Open(name string) (token.Storage, func() error, error) {
	rest, kind, err := uncached(name)
	if err != nil {
		return nil, nil, err
	}
	if kind == "" {
		return open(rest)
	}
	if _, _, err := Database(rest); err != nil {
		return nil, nil, fmt.Errorf("a cache goes over an SQL database: %w", err)
	}
	return cached(rest, kind)
}

func open(name string) (token.Storage, func() error, error) {
	nothing := func() error { return nil }
	engine, where, ok := strings.Cut(name, ":")
	if !ok {
		return nil, nil, fmt.Errorf("storage %q names no engine: want %s", name, Usage)
	}
	switch engine {
	case "session", "memory":
		if where != "" {
			return nil, nil, fmt.Errorf("storage %q: nothing may follow the colon", name)
		}
	case "file", "sqlite":
		if where == "" || strings.HasPrefix(where, "//") {
			return nil, nil, fmt.Errorf("storage %q: want a path right after %s:, as in %s:tokens", name, engine, engine)
		}
	}
	switch engine {
	case "session":
		return nil, nothing, nil
	case "memory":
		return memstore.New(), nothing, nil
	case "file":
		s, err := filestore.New(where)
		if err != nil {
			return nil, nil, err
		}
		return s, s.Close, nil
	case "sqlite":
		return table(sqlite.Open(where))
	case "postgres", "postgresql":
		return table(postgres.Open(name))
	case "mysql", "mariadb":
		return table(mysql.Open(name))
	case "redis", "rediss":
		s, err := redisstore.Open(name)
		if err != nil {
			return nil, nil, err
		}
		return s, s.Close, nil
	case "nats", "tls":
		s, err := natsstore.Open(name)
		if err != nil {
			return nil, nil, err
		}
		return s, s.Close, nil
	default:
		return nil, nil, fmt.Errorf("storage %q: no engine is called %q: want %s", Shown(name), engine, Usage)
	}
}

// Shown is a URL as people may see it: without its password and its parameters, where another may be.
func Shown(name string) string {
	name, _, _ = strings.Cut(name, "?")
	engine, rest, _ := strings.Cut(name, ":")
	if !strings.HasPrefix(rest, "//") {
		return name
	}
	u, err := url.Parse(name)
	if err != nil {
		return engine + "://…"
	}
	return u.Redacted()
}

func table(s *sqlstore.Storage, err error) (token.Storage, func() error, error) {
	if err != nil {
		return nil, nil, err
	}
	return s, s.Close, nil
}
