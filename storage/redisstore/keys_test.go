package redisstore_test

import (
	"cmp"
	"strings"
	"testing"

	"github.com/waltz-oauth/waltz/storage/redisstore"
	"github.com/waltz-oauth/waltz/token"
)

func TestEscapedKeysAreInTheOrderOfKeys(t *testing.T) {
	t.Parallel()
	fields := []string{"", "\x00", "\x01", " ", "!", "\"", "a", "a\x00", "a ", "a!", "a!@", "aa", "@", "ab", "\xff", "é"}
	var all []token.Key
	for _, p := range fields {
		for _, u := range fields {
			for _, a := range fields {
				all = append(all, token.Key{Provider: p, User: u, Account: a})
			}
		}
	}
	for _, key := range all {
		if got, err := redisstore.Unescaped(redisstore.Escaped(key)); err != nil || got != key {
			t.Fatalf("%s came back as %s, %v", key, got, err)
		}
	}
	for i := 0; i < len(all); i += 53 {
		for _, other := range all {
			want := all[i].Compare(other)
			if got := cmp.Compare(redisstore.Escaped(all[i]), redisstore.Escaped(other)); got != want {
				t.Fatalf("%s and %s are in order %d as they are, and %d as they are escaped", all[i], other, want, got)
			}
		}
	}
}

func FuzzEscape(f *testing.F) {
	f.Fuzz(func(t *testing.T, p, u, a, p2, u2, a2 string) {
		key, other := token.Key{Provider: p, User: u, Account: a}, token.Key{Provider: p2, User: u2, Account: a2}
		text, otherText := redisstore.Escaped(key), redisstore.Escaped(other)
		if got, err := redisstore.Unescaped(text); err != nil || got != key {
			t.Fatalf("%s came back as %s, %v", key, got, err)
		}
		if got := cmp.Compare(text, otherText); got != key.Compare(other) {
			t.Errorf("%s and %s are out of order", key, other)
		}
		if strings.ContainsAny(text, "\r\n{}") && !strings.ContainsAny(p+u+a, "{}") {
			t.Errorf("%q", text)
		}
		if got, err := redisstore.Unescaped(p); err == nil && redisstore.Escaped(got) != p {
			t.Errorf("%q was read as %s, which is written otherwise", p, got)
		}
	})
}

// What is stored is found by those who come later: the shards of keys are for ever.
func TestKeysStayWhereTheyAre(t *testing.T) {
	t.Parallel()
	s, _, prefix := shared(t)
	for key, want := range map[token.Key]string{
		{Provider: "github", User: "alice"}:                  ":{07}:github alice ",
		{Provider: "google", User: "alice", Account: "work"}: ":{07}:google alice work",
		{Provider: "github", User: "a b\n", Account: "{1}"}:  ":{33}:github a!`b!J {1}",
		{Provider: "github"}:                                 ":{58}:github  ",
		{Provider: "git hub!", Account: "\x00"}:              ":{33}:git!`hub!a  !@",
	} {
		if got := strings.TrimPrefix(s.Name(key), prefix); got != want {
			t.Errorf("%s is at %q, want %q", key, got, want)
		}
	}
}
