// Package sqlite keeps tokens in a SQLite database, with a driver that needs no C compiler.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"modernc.org/sqlite"

	"github.com/waltz-oauth/waltz/storage/sqlstore"
)

// Open returns a storage in the database at path, which it makes as [OpenDB] does, and brings its
// schema up to date. Close the storage when done.
func Open(path string) (*sqlstore.Storage, error) {
	db, err := OpenDB(path)
	if err != nil {
		return nil, err
	}
	s, err := sqlstore.New(db, sqlstore.Config{Dialect: Dialect(), Owned: true})
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	if err := s.Migrate(context.Background()); err != nil {
		return nil, fmt.Errorf("sqlite: open %s: %w", path, errors.Join(err, s.Close()))
	}
	return s, nil
}

// OpenDB opens the database at path, for an application that keeps tables of its own beside the
// tokens. Where there is no file it makes one, readable by its owner alone, in a directory that
// exists.
//
// Processes of one machine may share the file; a network file system will not do. What was written
// is on disk. Readers do not wait for writers; writers wait for each other, 10 s at most, and those of a
// storage until their context is done, or for some minutes.
//
// A database in memory is refused, since each connection would have one of its own: memstore is
// for that.
func OpenDB(path string) (*sql.DB, error) {
	if path == "" || path == ":memory:" || strings.HasPrefix(path, "file:") {
		return nil, fmt.Errorf("sqlite: open %q: want the path of a file; for tokens in memory there is memstore", path)
	}
	if err := create(path); err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	name, err := dsn(path)
	if err != nil {
		return nil, fmt.Errorf("sqlite: open %s: %w", path, err)
	}
	connector, err := sqlite.NewConnector(name)
	if err != nil {
		return nil, fmt.Errorf("sqlite: open %s: %w", path, err)
	}
	db := sql.OpenDB(connector)
	// Opening a connection costs a hundred reads, so none is closed; many more of them than
	// processors would only be in each other's way.
	connections := max(4, runtime.GOMAXPROCS(0))
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}

// create makes an empty file, since SQLite would let the umask say who may read it. The files
// that SQLite puts beside it get the same mode. One that is there is not even opened: closing it
// would drop the locks that this process has on it.
func create(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // the caller says which file
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return f.Close()
}

// dsn returns the name of the database at path. Transactions take the writer's lock when they begin:
// one that has read and then wants to write could not wait for it, and would fail.
func dsn(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") { // a Windows drive
		path = "/" + path
	}
	u := url.URL{Scheme: "file", Path: path, RawQuery: url.Values{
		"_txlock": {"immediate"},
		"_pragma": {
			"busy_timeout(10000)",
			"journal_mode(WAL)",
			"synchronous(FULL)", // a refresh token that took another's place outlives a power failure
			"foreign_keys(ON)",
		},
	}.Encode()}
	return u.String(), nil
}
