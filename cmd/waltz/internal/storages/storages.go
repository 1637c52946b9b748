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
const Usage = "session:, memory:, file:DIRECTORY or sqlite:FILE, or a server's redis://USER:PASSWORD@HOST, " + BucketUsage + ", " + servers

// Open returns the storage that name, a URL, names, and what closes it. The storage of session: is nil:
// an App makes its own.
func Open(name string) (token.Storage, func() error, error) {
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

// Shown is a URL as people may see it: without its password.
func Shown(name string) string {
	engine, rest, _ := strings.Cut(name, ":")
	if !strings.HasPrefix(rest, "//") {
		return name
	}
	u, err := url.Parse(name)
	if err != nil {
		return engine + "://…"
	}
	u.RawQuery = "" // a driver may take a password there
	return u.Redacted()
}

func table(s *sqlstore.Storage, err error) (token.Storage, func() error, error) {
	if err != nil {
		return nil, nil, err
	}
	return s, s.Close, nil
}
