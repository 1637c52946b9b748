// Package storages opens the storage that a URL names, for the commands' --storage.
package storages

import (
	"fmt"
	"strings"

	"github.com/waltz-oauth/waltz/storage/filestore"
	"github.com/waltz-oauth/waltz/storage/memstore"
	"github.com/waltz-oauth/waltz/storage/sqlstore/sqlite"
	"github.com/waltz-oauth/waltz/token"
)

// Usage lists the URLs that Open takes.
const Usage = "session:, memory:, file:DIRECTORY or sqlite:FILE"

// Open returns the storage that url names, and what closes it. The storage of session: is nil: an App
// makes its own.
func Open(url string) (token.Storage, func() error, error) {
	nothing := func() error { return nil }
	engine, where, ok := strings.Cut(url, ":")
	if !ok {
		return nil, nil, fmt.Errorf("storage %q names no engine: want %s", url, Usage)
	}
	if takes := engine == "file" || engine == "sqlite"; takes != (where != "") && (takes || engine == "session" || engine == "memory") {
		return nil, nil, fmt.Errorf("storage %q: want %s", url, Usage)
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
		s, err := sqlite.Open(where)
		if err != nil {
			return nil, nil, err
		}
		return s, s.Close, nil
	default:
		return nil, nil, fmt.Errorf("storage %q: no engine is called %q: want %s", url, engine, Usage)
	}
}
