package filestore_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/waltz-oauth/waltz/storage/filestore"
	"github.com/waltz-oauth/waltz/token"
)

func alice() token.Key { return token.Key{Provider: "github", User: "alice"} }

func record(access string) token.Record {
	return token.New(&token.Token{AccessToken: access})
}

// set stores a record at key and returns the path of the one file that is new.
func set(t *testing.T, s *filestore.Storage, dir string, key token.Key) string {
	t.Helper()
	before := glob(t, dir, "*.json")
	if err := s.Set(t.Context(), key, record("fake")); err != nil {
		t.Fatal(err)
	}
	for _, path := range glob(t, dir, "*.json") {
		if !strings.Contains(strings.Join(before, "\n"), path) {
			return path
		}
	}
	t.Fatal("Set made no file")
	return ""
}

func glob(t *testing.T, dir, pattern string) []string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// lockFile returns the path of the one lock file that there is.
func lockFile(t *testing.T, dir string) string {
	t.Helper()
	all := glob(t, dir, "lock-*")
	if len(all) != 1 {
		t.Fatalf("got lock files %q, want one", all)
	}
	return all[0]
}

func TestOnlyTheOwnerMayReadWhatIsWritten(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("there are no modes on Windows")
	}
	dir := filepath.Join(t.TempDir(), "tokens")
	set(t, open(t, dir), dir, alice())
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		want := fs.FileMode(0o600)
		if d.IsDir() {
			want = 0o700
		}
		if err == nil && info.Mode().Perm() != want {
			t.Errorf("%s has mode %#o, want %#o", path, info.Mode().Perm(), want)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	private := filepath.Join(base, "private")
	link := filepath.Join(base, "link")
	file := filepath.Join(base, "file")
	public := filepath.Join(base, "public")
	if err := errors.Join(
		os.Mkdir(private, 0o700),
		os.Symlink(private, link),
		os.WriteFile(file, nil, 0o600),
		os.Mkdir(public, 0o700),
		os.Chmod(public, 0o750),
	); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, dir, says string }{
		{"no directory", "", "no directory"},
		{"a directory open to the group", public, "chmod 700"},
		{"a symbolic link", link, "symbolic link"},
		{"a file", file, "not a directory"},
		{"a directory that is nowhere", filepath.Join(base, "none", "tokens"), "no such file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if runtime.GOOS == "windows" {
				t.Skip("there are no modes on Windows, and other texts")
			}
			s, err := filestore.New(c.dir)
			if err == nil {
				t.Fatal(s.Close(), "it was taken")
			}
			if !strings.Contains(err.Error(), c.says) {
				t.Errorf("got error %q, want one that says %q", err, c.says)
			}
		})
	}
}

func TestNamesAreShortWhateverTheKey(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "tokens")
	s := open(t, dir)
	for _, user := range []string{"", "../../etc/passwd", "/etc/passwd", "a\x00b", strings.Repeat("😀", 10_000), "CON"} {
		path := set(t, s, dir, token.Key{Provider: "..", User: user, Account: "."})
		name := filepath.Base(path)
		if len(name) > 100 || strings.ToLower(name) != name || filepath.Dir(path) != dir {
			t.Errorf("user %.30q is in %s", user, path)
		}
	}
}

func TestAnotherStorageOnTheDirectorySeesTheSame(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "tokens")
	one, two := open(t, dir), open(t, dir)
	want := record("fake")
	if err := one.Set(t.Context(), alice(), want); err != nil {
		t.Fatal(err)
	}
	got, err := two.Load(t.Context(), alice())
	if err != nil {
		t.Fatal(err)
	}
	if got.Grant != want.Grant {
		t.Errorf("got grant %s, want %s", got.Grant, want.Grant)
	}
	if got.Now.IsZero() {
		t.Error("Load gave no clock")
	}
	if token.Reaches(two) != token.Host {
		t.Errorf("reaches %s, want %s", token.Reaches(two), token.Host)
	}
}

func TestSymbolicLinksAreNotFollowed(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "tokens")
	s := open(t, dir)
	path := set(t, s, dir, alice())
	lock := lockFile(t, dir)
	temp := filepath.Join(dir, "new-"+strings.TrimPrefix(filepath.Base(lock), "lock-"))
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	// outside is a good record, so that only the link is wrong.
	outside := filepath.Join(t.TempDir(), "outside")
	link := func(path string) {
		t.Helper()
		_ = os.Remove(path)
		if err := errors.Join(os.WriteFile(outside, content, 0o600), os.Symlink(outside, path)); err != nil {
			t.Fatal(err)
		}
	}
	whole := func() {
		t.Helper()
		if now, err := os.ReadFile(outside); err != nil || string(now) != string(content) {
			t.Errorf("the file that the link names was changed (%v)", err)
		}
	}

	link(path)
	if _, err := s.Get(t.Context(), alice()); !errors.Is(err, filestore.ErrDamaged) {
		t.Errorf("Get followed the link: got error %v", err)
	}
	if _, err := s.Swap(t.Context(), alice(), "", record("fake")); !errors.Is(err, filestore.ErrDamaged) {
		t.Errorf("Swap followed the link: got error %v", err)
	}
	link(temp)
	if err := s.Set(t.Context(), alice(), record("fake")); err != nil {
		t.Fatal(err)
	}
	whole()
	if _, err := s.Get(t.Context(), alice()); err != nil {
		t.Errorf("Set did not replace the link: %v", err)
	}
	link(path)
	if err := s.Delete(t.Context(), alice()); err != nil {
		t.Fatal(err)
	}
	whole()
	link(lock)
	if err := s.Set(t.Context(), alice(), record("fake")); err == nil {
		t.Error("Set followed the link in place of a lock")
	}
	whole()
}

func TestADamagedFileIsAnErrorUntilItIsSet(t *testing.T) {
	t.Parallel()
	const canary = "fake-canary"
	for _, c := range []struct {
		name  string
		spoil func(content string) string
	}{
		{"empty", func(string) string { return "" }},
		{"cut short", func(s string) string { return s[:len(s)/2] }},
		{"zeros", func(s string) string { return strings.Repeat("\x00", len(s)) }},
		{"no record", func(string) string { return `"` + canary + `"` }},
		{"another key", func(s string) string { return strings.Replace(s, "github/alice/", "github/mallory/", 1) }},
		{"no key", func(s string) string { return strings.Replace(s, "github/alice/", canary, 1) }},
		{"no version", func(s string) string { return strings.Replace(s, `"version"`, `"v"`, 1) }},
		{"a member that is no text", func(s string) string { return strings.Replace(s, `"fake"`, `["`+canary+`"]`, 1) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "tokens")
			s := open(t, dir)
			set(t, s, dir, token.Key{Provider: "github", User: "bob"})
			path := set(t, s, dir, alice())
			whole, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			spoilt := c.spoil(string(whole))
			if spoilt == string(whole) {
				t.Fatal("the file is not spoilt")
			}
			if err := os.WriteFile(path, []byte(spoilt), 0o600); err != nil {
				t.Fatal(err)
			}

			_, get := s.Get(t.Context(), alice())
			_, load := s.Load(t.Context(), alice())
			_, swap := s.Swap(t.Context(), alice(), "", record("fake"))
			listed := 0
			var list error
			for _, err := range s.List(t.Context(), token.Filter{}) {
				if list = err; err == nil {
					listed++
				}
			}
			for _, err := range []error{get, load, swap, list} {
				if !errors.Is(err, filestore.ErrDamaged) {
					t.Errorf("got error %v, want filestore.ErrDamaged", err)
				} else if !strings.Contains(err.Error(), filepath.Base(path)) || strings.Contains(err.Error(), canary) {
					t.Errorf("error %q should name the file and nothing that is in it", err)
				}
			}
			if listed != 1 {
				t.Errorf("listed %d records beside the damaged one, want 1", listed)
			}
			if now, err := os.ReadFile(path); err != nil || string(now) != spoilt {
				t.Errorf("the damaged file was changed (%v)", err)
			}

			want := record("fake")
			if err := s.Set(t.Context(), alice(), want); err != nil {
				t.Fatal(err)
			}
			if got, err := s.Get(t.Context(), alice()); err != nil || got.Grant != want.Grant {
				t.Errorf("after Set: got %v, %v", got, err)
			}
		})
	}
}

func TestAFileUnderAnotherKeysNameHandsNothingOut(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "tokens")
	s := open(t, dir)
	from := set(t, s, dir, alice())
	to := set(t, s, dir, token.Key{Provider: "github", User: "mallory"})
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
	if r, err := s.Get(t.Context(), token.Key{Provider: "github", User: "mallory"}); !errors.Is(err, filestore.ErrDamaged) {
		t.Errorf("got %v, %v, want filestore.ErrDamaged", r, err)
	}
}

func TestFilesOfOthersAreLeftAlone(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "tokens")
	s := open(t, dir)
	if err := os.WriteFile(filepath.Join(dir, "README"), []byte("keep"), 0o600); err != nil {
		t.Fatal(err)
	}
	for e, err := range s.List(t.Context(), token.Filter{}) {
		t.Errorf("listed %v, %v", e, err)
	}
	if b, err := os.ReadFile(filepath.Join(dir, "README")); err != nil || string(b) != "keep" {
		t.Errorf("got %q, %v", b, err)
	}
}

func TestLockFilesDoNotPileUp(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "tokens")
	s := open(t, dir)
	for i := range 600 {
		if err := s.Delete(t.Context(), token.Key{Provider: "github", User: strings.Repeat("a", i)}); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(glob(t, dir, "*")); n > 256 {
		t.Errorf("%d files are left of nothing, want at most 256", n)
	}
}
