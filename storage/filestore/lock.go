package filestore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

// shards is how many locks the keys share, so that lock files, which must stay where they are for
// as long as anybody may wait at one, do not become as many as the keys ever were.
const shards = 256 // one for each value of the hash's first byte

// poll is how often another process is asked whether it is done.
const poll = 2 * time.Millisecond

func (n name) lock() string { return fmt.Sprintf("lock-%02x", n.hash[0]) }

// temp is where the next record is written before it gets its name. Only who has the lock uses it.
func (n name) temp() string { return fmt.Sprintf("new-%02x", n.hash[0]) }

// locked calls f with n's lock held: first come in this process, then against other processes. The
// kernel ends the lock of a process that dies, whose half-written file is then removed.
func (s *Storage) locked(ctx context.Context, n name, f func() error) error {
	turn := s.turns[n.hash[0]]
	select {
	case turn <- struct{}{}:
		defer func() { <-turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := s.regular(n.lock()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	l := flock.New(filepath.Join(s.dir, n.lock()), flock.SetPermissions(0o600))
	if _, err := l.TryLockContext(ctx, poll); err != nil {
		return err
	}
	err := s.root.Remove(n.temp())
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		err = f()
	}
	return errors.Join(err, l.Close())
}
