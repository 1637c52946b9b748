package filestore

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/waltz-oauth/waltz/token"
)

// FuzzKey names the files of any two keys. Each is in the directory, and neither is the other's.
func FuzzKey(f *testing.F) {
	f.Fuzz(func(t *testing.T, provider, user, account, provider2, user2, account2 string) {
		key, other := token.Key{Provider: provider, User: user, Account: account}, token.Key{Provider: provider2, User: user2, Account: account2}
		for _, k := range []token.Key{key, other} {
			n := nameOf(k)
			if got, ok := keyOf(n.text); !ok || got != k {
				t.Errorf("%v comes back as %v", k, got)
			}
			if file := n.file(); !filepath.IsLocal(file) || strings.ContainsAny(file, `/\:`) || len(file) > 100 || file != strings.ToLower(file) {
				t.Errorf("%v is kept in %q", k, file)
			}
		}
		if (nameOf(key) == nameOf(other)) != (key == other) || (nameOf(key).file() == nameOf(other).file()) != (key == other) {
			t.Errorf("%v and %v: one file or two?", key, other)
		}
	})
}
