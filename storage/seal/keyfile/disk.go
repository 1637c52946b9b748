package keyfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

const (
	wanted   = 0o600
	mostRead = 1 << 20
)

// readFile returns what is in a file that is nobody else's business.
func readFile(path string) ([]byte, error) {
	named, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if !named.Mode().IsRegular() {
		return nil, errors.New("not a regular file (a symbolic link to one is not followed)")
	}
	file, err := os.Open(path) //nolint:gosec // the caller says which file
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !os.SameFile(named, info) {
		return nil, errors.New("another file has taken its place: try again")
	}
	if mode := info.Mode().Perm(); mode&^wanted != 0 && runtime.GOOS != "windows" {
		return nil, fmt.Errorf("open to others than its owner, with mode %#o: chmod 600 it, and if anybody may have read it, take new keys", mode)
	}
	b, err := io.ReadAll(io.LimitReader(file, mostRead+1))
	if err == nil && len(b) > mostRead {
		err = errors.New("too large for a keyset")
	}
	return b, err
}

// replace puts what contents returns in the file's place, or leaves the file as it is. The new file is
// made first, by whoever is first, so that of two who change the keys none is forgotten.
func (f *File) replace(contents func() ([]byte, error)) (err error) {
	temp := f.path + ".new"
	file, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, wanted) //nolint:gosec // the caller says which file
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s is there: somebody else is changing the keys, or was stopped while doing so; in that case remove it", temp)
	}
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(temp) // it is gone where only the flushing failed
		}
	}()
	b, err := contents()
	if err == nil {
		_, err = file.Write(b)
	}
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	if err := os.Rename(temp, f.path); err != nil {
		return err
	}
	if runtime.GOOS == "windows" { // which cannot flush a directory
		return nil
	}
	dir, err := os.Open(filepath.Dir(f.path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
