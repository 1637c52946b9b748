package cookie

import (
	"strings"
	"testing"
)

func TestAttributes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		insecure bool
		set      string
		expire   string
	}{
		{
			false,
			"__Host-a=v; Path=/; HttpOnly; Secure; SameSite=Lax",
			"__Host-a=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax",
		},
		{
			true,
			"a=v; Path=/; HttpOnly; SameSite=Lax",
			"a=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax",
		},
	} {
		if got := Make(Name("a", c.insecure), "v", c.insecure).String(); got != c.set {
			t.Errorf("Make = %s, want %s", got, c.set)
		}
		if got := Expired(Name("a", c.insecure), c.insecure).String(); got != c.expire {
			t.Errorf("Expired = %s, want %s", got, c.expire)
		}
	}
}

func TestTagsDifferWhereverPartsEnd(t *testing.T) {
	t.Parallel()
	seen := map[string][]string{}
	for _, parts := range [][]string{
		nil, {""}, {"", ""}, {"a"}, {"a", ""}, {"", "a"}, {"a", "b"}, {"ab"}, {"ab", ""}, {"\x01a"}, {"\x00", "a"}, {"A"}, {"a "}, {"a\x00"},
	} {
		tag := Tag(parts...)
		if len(tag) != 16 || CheckName(tag) != nil {
			t.Errorf("Tag(%q) = %q is no part of a name", parts, tag)
		}
		if other, ok := seen[tag]; ok {
			t.Errorf("Tag(%q) = Tag(%q)", parts, other)
		}
		seen[tag] = parts
	}
}

func TestCheckName(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"waltz", "My-App_2"} {
		if err := CheckName(name); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
	for _, name := range []string{"", "a b", "a;b", "a=b", "a\r\nb", "é", "a.b", strings.Repeat("a", 33)} {
		if CheckName(name) == nil {
			t.Errorf("%q is accepted", name)
		}
	}
}
