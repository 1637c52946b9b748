// Package filestore keeps tokens in a directory, one file for each, safe for several processes of
// one machine.
//
// A record is replaced by renaming a new file over it, so that readers need no lock and a crash
// leaves the old record or the new; file and directory are flushed before a write returns. Writers
// take turns by locks that end with the process that holds them. Both hold on a local file system
// alone: do not put the directory on NFS or another network file system.
package filestore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/waltz-oauth/waltz/token"
)

// Storage keeps records in a directory.
type Storage struct {
	root  *os.Root
	dir   string
	turns [shards]chan struct{}
}

var (
	_ token.Versioned = (*Storage)(nil)
	_ token.Lister    = (*Storage)(nil)
)

// New returns a Storage that keeps records in dir, which nothing else may use or move. It creates
// dir, for its owner alone, where there is none; the directory above must be there. It refuses a
// dir that is a symbolic link, or that its group or others may read or write.
func New(dir string) (*Storage, error) {
	root, err := open(dir)
	if err != nil {
		return nil, fmt.Errorf("filestore: %w", err)
	}
	s := &Storage{root: root, dir: root.Name()}
	for i := range s.turns {
		s.turns[i] = make(chan struct{}, 1)
	}
	return s, nil
}

func open(dir string) (*os.Root, error) {
	if dir == "" {
		return nil, errors.New("no directory")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	switch err := os.Mkdir(dir, 0o700); {
	case err == nil:
		if err := flush(os.Open(filepath.Dir(dir))); err != nil {
			return nil, err
		}
	case !errors.Is(err, fs.ErrExist):
		return nil, err
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("%s is not a directory (a symbolic link to one is not followed)", dir)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 && runtime.GOOS != "windows" {
		return nil, fmt.Errorf("%s is open to others than its owner, with mode %#o: chmod 700 it if nobody else needs what is there", dir, mode)
	}
	return os.OpenRoot(dir)
}

// Close lets go of the directory. No method may be called after it.
func (s *Storage) Close() error { return s.root.Close() }

// Reach returns [token.Host].
func (s *Storage) Reach() token.Reach { return token.Host }

// Get is [token.Storage]'s. A file that cannot be understood is an error matching [ErrDamaged].
func (s *Storage) Get(ctx context.Context, key token.Key) (token.Record, error) {
	r, err := s.get(ctx, nameOf(key))
	if err != nil {
		return token.Record{}, &token.Error{Op: "get", Key: key, Err: err}
	}
	return r, nil
}

// Load is [token.Versioned]'s. The record's Now is the clock of this machine.
func (s *Storage) Load(ctx context.Context, key token.Key) (token.Record, error) {
	r, err := s.get(ctx, nameOf(key))
	if err != nil {
		return token.Record{}, &token.Error{Op: "load", Key: key, Err: err}
	}
	r.Now = time.Now()
	return r, nil
}

// Set is [token.Storage]'s. It refuses no key, and of tokens those that JSON cannot hold. It
// replaces a damaged file as any other.
func (s *Storage) Set(ctx context.Context, key token.Key, r token.Record) error {
	n := nameOf(key)
	err := s.locked(ctx, n, func() error {
		_, err := s.write(n, r)
		return err
	})
	if err != nil {
		return &token.Error{Op: "set", Key: key, Err: err}
	}
	return nil
}

// Swap is [token.Versioned]'s.
func (s *Storage) Swap(ctx context.Context, key token.Key, old token.Version, r token.Record) (token.Version, error) {
	var version token.Version
	n := nameOf(key)
	err := s.locked(ctx, n, func() error {
		stored, err := s.get(ctx, n)
		if errors.Is(err, token.ErrNotFound) || err == nil && stored.Version != old {
			return token.ErrConflict
		}
		if err != nil {
			return err
		}
		version, err = s.write(n, r)
		return err
	})
	if err != nil {
		return "", &token.Error{Op: "swap", Key: key, Err: err}
	}
	return version, nil
}

// Delete is [token.Storage]'s. The bytes may stay on the disk until it uses them for something else.
func (s *Storage) Delete(ctx context.Context, key token.Key) error {
	n := nameOf(key)
	err := s.locked(ctx, n, func() error {
		err := s.root.Remove(n.file())
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		return flush(s.root.Open("."))
	})
	if err != nil {
		return &token.Error{Op: "delete", Key: key, Err: err}
	}
	return nil
}

func (s *Storage) get(ctx context.Context, n name) (token.Record, error) {
	if err := ctx.Err(); err != nil {
		return token.Record{}, err
	}
	_, r, err := s.read(n.file())
	if errors.Is(err, fs.ErrNotExist) {
		err = token.ErrNotFound
	}
	return r, err
}
