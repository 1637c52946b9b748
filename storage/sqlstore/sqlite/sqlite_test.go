package sqlite_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz/storage/sqlstore"
	"github.com/waltz-oauth/waltz/storage/sqlstore/sqlite"
	"github.com/waltz-oauth/waltz/storage/storagetest"
	"github.com/waltz-oauth/waltz/token"
)

func TestPromises(t *testing.T) {
	t.Parallel()
	s := open(t, filepath.Join(t.TempDir(), "tokens.db"))
	storagetest.Run(t, func(*testing.T) token.Storage { return s })
}

func TestFileIsItsOwnersAlone(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such modes")
	}
	path := filepath.Join(t.TempDir(), "tokens.db")
	s := open(t, path)
	set(t, s, token.Key{Provider: "github", User: "alice"})
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, want 0600", filepath.Base(name), info.Mode().Perm())
		}
	}
}

func TestRecordsOutliveTheStorage(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "tokens.db")
	key := token.Key{Provider: "github", User: "alice"}
	first, err := sqlite.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	set(t, first, key)
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := first.Get(t.Context(), key); err == nil {
		t.Error("Get on a closed storage succeeds")
	}
	r, err := open(t, path).Get(t.Context(), key)
	if err != nil || r.Token.AccessToken != "fake-access" {
		t.Errorf("got %v, %v", r, err)
	}
}

func TestPathIsAPath(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"a b.db", "a?mode=memory", "a#b.db", "a%20b.db", "ü.db", "a&_pragma=x.db", "a;b.db", "'.db"} {
		path := filepath.Join(t.TempDir(), name)
		set(t, open(t, path), token.Key{Provider: "github"})
		if _, err := os.Stat(path); err != nil {
			t.Errorf("%q: no such file was made: %v", name, err)
		}
		files, err := os.ReadDir(filepath.Dir(path))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if f.Name() != name && f.Name() != name+"-wal" && f.Name() != name+"-shm" {
				t.Errorf("%q: file %q was made too", name, f.Name())
			}
		}
	}
}

func TestMemoryIsRefused(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"", ":memory:", "file::memory:?cache=shared"} {
		s, err := sqlite.Open(path)
		if err == nil {
			t.Errorf("Open(%q) succeeds", path)
			_ = s.Close()
		} else if !strings.Contains(err.Error(), "memstore") {
			t.Errorf("Open(%q): error %q does not say what to do", path, err)
		}
	}
}

func TestDirectoryMustExist(t *testing.T) {
	t.Parallel()
	_, err := sqlite.Open(filepath.Join(t.TempDir(), "none", "tokens.db"))
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got error %v, want one that matches fs.ErrNotExist", err)
	}
}

func TestNoOtherFileIsTaken(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "notes.txt")
	if err := os.WriteFile(path, []byte(strings.Repeat("no database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	if s, err := sqlite.Open(path); err == nil {
		t.Error("Open took a file that is no database")
		_ = s.Close()
	}
}

func TestConnectionsAreSafe(t *testing.T) {
	t.Parallel()
	db, err := sqlite.OpenDB(filepath.Join(t.TempDir(), "app.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "10000"} {
		var got string
		if err := db.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %q, %v, want %q", pragma, got, err, want)
		}
	}
	// That a transaction takes the writer's lock when it begins shows in that another cannot begin.
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	done, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if second, err := db.BeginTx(done, nil); err == nil {
		t.Error("two transactions began")
		_ = second.Rollback()
	}
}

func open(t *testing.T, path string) *sqlstore.Storage {
	t.Helper()
	s, err := sqlite.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func set(t *testing.T, s token.Storage, key token.Key) {
	t.Helper()
	if err := s.Set(t.Context(), key, token.New(&token.Token{AccessToken: "fake-access"})); err != nil {
		t.Fatal(err)
	}
}
