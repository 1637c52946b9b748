package keyfile_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/waltz-oauth/waltz/storage/seal/keyfile"
)

func TestFileIsItsOwnersAlone(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such modes")
	}
	c := keyfile.Config{Path: filepath.Join(t.TempDir(), "keys.json")}
	f, _ := create(t, c)
	_, err := f.Add(t.Context())
	must(t, err)
	info, err := os.Stat(c.Path)
	must(t, err)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("the file has mode %#o", info.Mode().Perm())
	}
	for _, mode := range []fs.FileMode{0o640, 0o604, 0o620, 0o700} {
		must(t, os.Chmod(c.Path, mode))
		if _, err := f.Keyset(t.Context()); err == nil || !strings.Contains(err.Error(), "chmod 600") {
			t.Errorf("mode %#o: got %v", mode, err)
		}
		if _, err := f.Add(t.Context()); err == nil {
			t.Errorf("mode %#o: a key was added", mode)
		}
	}
	must(t, os.Chmod(c.Path, 0o400))
	_, err = open(t, c).Keyset(t.Context())
	must(t, err)
}

func TestOnlyAFileIsRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := keyfile.Config{Path: filepath.Join(dir, "keys.json")}
	create(t, file)
	link := keyfile.Config{Path: filepath.Join(dir, "link.json")}
	must(t, os.Symlink(file.Path, link.Path))
	for _, path := range []string{link.Path, dir, filepath.Join(dir, "nothing")} {
		f := open(t, keyfile.Config{Path: path})
		if _, err := f.Keyset(t.Context()); err == nil {
			t.Errorf("%s was read", path)
		}
		if _, err := f.Add(t.Context()); err == nil {
			t.Errorf("%s was written", path)
		}
	}
	if _, err := open(t, link).Create(t.Context()); err == nil {
		t.Error("a symbolic link was replaced")
	}
}

func TestDamagedFileIsNotQuoted(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		``, `fake-secret`, `{}`, `{"key":"fake-secret"}`, `{"key":[{"keyData":{"value":"fake-secret!"}}]}`,
		`{"key":[{"status":"fake-secret"}]}`,
		`{"encryptedKeyset":"fake-secret"}`, `{"key":[fake-secret]}`,
		`{"passphraseKeyset":{"kdf":"fake-secret","salt":"AAAA","keyset":{}}}`,
		`{"passphraseKeyset":"fake-secret"}`,
		strings.Repeat(" fake-secret", 100_000),
	} {
		for name, c := range modes(t) {
			c.Path = filepath.Join(t.TempDir(), "keys.json")
			must(t, os.WriteFile(c.Path, []byte(text), 0o600))
			_, err := open(t, c).Keyset(t.Context())
			if err == nil {
				t.Errorf("%s: %.50q was read", name, text)
			} else if strings.Contains(err.Error(), "fake-secret") {
				t.Errorf("%s: the error quotes the file: %v", name, err)
			}
		}
	}
}

func TestNothingIsHalfWritten(t *testing.T) {
	t.Parallel()
	c := keyfile.Config{Path: filepath.Join(t.TempDir(), "keys.json")}
	f, _ := create(t, c)
	before, err := os.ReadFile(c.Path)
	must(t, err)
	if err := f.Promote(t.Context(), 1); err == nil {
		t.Error("an unknown key was promoted")
	}
	after, err := os.ReadFile(c.Path)
	must(t, err)
	if string(before) != string(after) {
		t.Error("a change that was refused changed the file")
	}
	if _, err := os.Lstat(c.Path + ".new"); !errors.Is(err, fs.ErrNotExist) {
		t.Error("a change that was refused left its file behind")
	}
	// What somebody who was killed left behind.
	must(t, os.WriteFile(c.Path+".new", []byte("{"), 0o600))
	if _, err := f.Add(t.Context()); err == nil || !strings.Contains(err.Error(), "remove it") {
		t.Errorf("got %v", err)
	}
	if _, err := open(t, c).Keyset(t.Context()); err != nil {
		t.Errorf("reading: %v", err)
	}
}

func TestTwoWhoChangeTheKeysForgetNone(t *testing.T) {
	t.Parallel()
	c := keyfile.Config{Path: filepath.Join(t.TempDir(), "keys.json")}
	create(t, c)
	var wait sync.WaitGroup
	added := make(chan uint32, 40)
	for range 4 {
		f := open(t, c)
		wait.Go(func() {
			for range 10 {
				if id, err := f.Add(t.Context()); err == nil {
					added <- id
				}
			}
		})
	}
	wait.Wait()
	close(added)
	there := make(map[uint32]bool)
	for _, k := range keys(t, open(t, c)) {
		there[k.ID] = true
	}
	n := 0
	for id := range added {
		if n++; !there[id] {
			t.Errorf("key %d was forgotten", id)
		}
	}
	if n == 0 || len(there) != n+1 {
		t.Errorf("%d keys were added, and %d are there", n, len(there))
	}
}

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]keyfile.Config{
		"no path":          {},
		"short passphrase": {Path: "keys.json", Passphrase: "fake"},
		"both":             {Path: "keys.json", Passphrase: fakePassphrase, KMS: kek(t)},
	} {
		if _, err := keyfile.New(c); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
}

func TestHugeFileIsNotRead(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keys.json")
	if err := os.WriteFile(path, make([]byte, 2<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := keyfile.New(keyfile.Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Keys(t.Context()); err == nil || !strings.Contains(err.Error(), "too large") {
		t.Errorf("got error %v", err)
	}
}
