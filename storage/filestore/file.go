package filestore

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"runtime"
	"strings"

	"github.com/waltz-oauth/waltz/token"
)

// ErrDamaged says that a file is not what this package wrote. It stays as it is until the key is
// set or deleted.
var ErrDamaged = errors.New("file is damaged")

// contents are those of a file.
type contents struct {
	Key     string        `json:"key"`
	Version token.Version `json:"version"`
	Record  token.Record  `json:"record"`
}

// name is what a key is called here. The hash names its files, so that no key is too long, leads
// out of the directory, or meets another where the file system folds case.
type name struct {
	text string // provider/user/account, each escaped: no two keys have the same
	hash [sha256.Size]byte
}

func nameOf(key token.Key) name {
	text := url.QueryEscape(key.Provider) + "/" + url.QueryEscape(key.User) + "/" + url.QueryEscape(key.Account)
	return name{text, sha256.Sum256([]byte(text))}
}

// keyOf is the inverse of nameOf.
func keyOf(text string) (key token.Key, ok bool) {
	fields := strings.Split(text, "/")
	if len(fields) != 3 {
		return key, false
	}
	for i, into := range []*string{&key.Provider, &key.User, &key.Account} {
		var err error
		if *into, err = url.QueryUnescape(fields[i]); err != nil {
			return key, false
		}
	}
	return key, true
}

const suffix = ".json"

func (n name) file() string { return hex.EncodeToString(n.hash[:]) + suffix }

// read returns what is in a file, whose name must be that of the key in it: a file that somebody
// copied over another hands nobody else's token out.
func (s *Storage) read(file string) (token.Key, token.Record, error) {
	if err := s.regular(file); err != nil {
		return token.Key{}, token.Record{}, err
	}
	b, err := s.root.ReadFile(file)
	if err != nil {
		return token.Key{}, token.Record{}, err
	}
	var c contents
	err = json.Unmarshal(b, &c) // its error could quote the file
	key, ok := keyOf(c.Key)
	if err != nil || !ok || c.Version == "" || nameOf(key).file() != file {
		return token.Key{}, token.Record{}, fmt.Errorf("%s: %w", file, ErrDamaged)
	}
	c.Record.Version = c.Version
	return key, c.Record, nil
}

// regular returns an error unless file is a file: a symbolic link is not followed, and a pipe,
// which could keep the reader waiting, is not opened.
func (s *Storage) regular(file string) error {
	info, err := s.root.Lstat(file)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s: %w: not a regular file", file, ErrDamaged)
	}
	return nil
}

// write is called with the lock held.
func (s *Storage) write(n name, r token.Record) (token.Version, error) {
	version := token.Version(rand.Text())
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // which would write the token in other bytes than it came in
	if err := e.Encode(contents{n.text, version, r}); err != nil {
		return "", err
	}
	if err := s.create(n.temp(), b.Bytes()); err != nil {
		_ = s.root.Remove(n.temp()) // or whoever locks next does
		return "", err
	}
	if err := s.root.Rename(n.temp(), n.file()); err != nil {
		_ = s.root.Remove(n.temp())
		return "", err
	}
	return version, flush(s.root.Open("."))
}

// create makes a file that was not there and waits until the disk has it.
func (s *Storage) create(file string, b []byte) error {
	f, err := s.root.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	return errors.Join(err, f.Sync(), f.Close())
}

// flush waits until the disk has the directory that was opened: the names in it, which are no part
// of the files.
func flush(dir *os.File, err error) error {
	if err != nil {
		return err
	}
	if runtime.GOOS != "windows" { // which has no such call
		err = dir.Sync()
	}
	return errors.Join(err, dir.Close())
}
