package filestore

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/waltz-oauth/waltz/token"
)

// FuzzKey puts tokens at any two keys. Each has a file of its own, in the directory, and neither is read
// at the other's.
func FuzzKey(f *testing.F) {
	s, err := New(f.TempDir() + "/tokens")
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = s.Close() })
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
		if err := s.Set(t.Context(), key, token.Record{Token: &token.Token{AccessToken: "fake-one"}}); err != nil {
			t.Fatal(err)
		}
		if err := s.Set(t.Context(), other, token.Record{Token: &token.Token{AccessToken: "fake-other"}}); err != nil {
			t.Fatal(err)
		}
		want := "fake-one"
		if key == other {
			want = "fake-other"
		}
		if r, err := s.Get(t.Context(), key); err != nil || r.Token.AccessToken != want {
			t.Errorf("got %v, %v", r, err)
		}
		for _, k := range []token.Key{key, other} {
			if err := s.Delete(t.Context(), k); err != nil {
				t.Error(err)
			}
		}
	})
}
