package storagetest

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/waltz-oauth/waltz/token"
)

// isolations are promises that two keys which are not equal byte by byte are two keys, however
// alike an engine may find them.
func isolations() []promise[token.Storage] {
	ordinary := promise[token.Storage]{
		"isolation/ordinary", "users, providers and accounts are kept apart, and ordinary names are not refused.",
		func(ctx context.Context, s token.Storage) error {
			p := newProvider()
			return apart(ctx, s, false, []token.Key{
				{Provider: p},
				{Provider: p, User: "alice"},
				{Provider: p, User: "bob"},
				{Provider: p, User: "alice", Account: "work"},
				{Provider: p, User: "alice", Account: "home"},
				{Provider: p, User: "bob", Account: "work"},
				{Provider: p + "b"},
				{Provider: p + "b", User: "alice"},
				{Provider: p + "b", User: "alice", Account: "work"},
			})
		},
	}
	shifted := promise[token.Storage]{
		"isolation/boundaries", "where a field ends is part of the key.",
		func(ctx context.Context, s token.Storage) error {
			p := newProvider()
			return apart(ctx, s, false, []token.Key{
				{Provider: p, User: "abc"},
				{Provider: p, User: "ab", Account: "c"},
				{Provider: p, User: "a", Account: "bc"},
				{Provider: p, Account: "abc"},
				{Provider: p + "a", User: "bc"},
				{Provider: p + "ab", Account: "c"},
				{Provider: p + "abc"},
			})
		},
	}
	all := []promise[token.Storage]{ordinary, shifted}
	for _, sep := range []struct{ name, text string }{
		{"colons", ":"},
		{"slashes", "/"},
		{"bars", "|"},
		{"dots", "."},
		{"commas", ","},
		{"spaces", " "},
		{"hyphens", "-"},
		{"underscores", "_"},
		{"ampersands", "&"},
		{"NULs", "\x00"},
		{"newlines", "\n"},
		{"quotes", `"`},
		{"apostrophes", `'`},
		{"backslashes", `\`},
	} {
		all = append(all, promise[token.Storage]{
			"isolation/separators/" + sep.name, "a field that holds a separator is still one field.",
			func(ctx context.Context, s token.Storage) error {
				p, c := newProvider(), sep.text
				return apart(ctx, s, true, []token.Key{
					{Provider: p, User: "a" + c + "b", Account: "c"},
					{Provider: p, User: "a", Account: "b" + c + "c"},
					{Provider: p + c + "a", User: "b", Account: "c"},
					{Provider: p, User: "a" + c + "b" + c + "c"},
					{Provider: p, User: c},
					{Provider: p, Account: c},
					{Provider: p, User: c + c},
					{Provider: p, User: c, Account: c},
				})
			},
		})
	}
	long := strings.Repeat("a", 1000)
	runes := strings.Repeat("😀", 1000)
	return append(all,
		alike("nothing", "a field that holds a word for nothing is not an empty one.", "", "0", "null", "NULL", "nil", "None", "undefined", "-", "_", "site"),
		alike("prefixes", "a name that begins with another is another.", "1", "10", "100", "01"),
		alike("case", "names that differ in case are two.", "alice", "Alice", "ALICE", "straße", "strasse", "STRASSE", "ı", "i", "İ", "I"),
		alike("trailing space", "space around a name is part of it.", "a", "a ", "a  ", " a", "a\t", "a\n", "a\r\n", "a\u00a0"),
		alike("NUL", "a NUL ends nothing.", "a", "a\x00", "a\x00b", "a\x00c", "\x00", "\x00a"),
		alike("unicode", "characters that look or sort alike are two.", "é", "e\u0301", "e", "😀", "😁", "Ａ", "A", "ß", "ss", "a\u200b", "a", "ﬁ", "fi"),
		alike("invalid UTF-8", "bytes that are no UTF-8 are kept as they are.", "\xff", "\xfe", "\ufffd", "a\xc3", "a", "\xed\xa0\x80", "?", "a?"),
		alike("escapes", "a name that looks escaped, quoted or encoded is itself.", "/", "%2F", "%2f", "%252F", "+", "%20", " ", `\x2f`, "&#47;", "=2F", "Lw==", "Lw"),
		alike("paths", "a name is no path.", "a", ".", "..", "../a", "./a", "a/../a", "a/", "/a", `..\a`, "~", "nul", "a.json", strings.Repeat("../", 20)+"tmp/a"),
		alike("patterns", "a name is no pattern.", "ab", "a_", "a%", "%", "_", "a*", "*", "a?", "a[b]", "a>", ">", "{a}b", "^a"),
		alike("statements", "a name is no part of a statement.", "a", "a' OR '1'='1", `a" OR "1"="1`, "a; DROP TABLE tokens; --", "a\\", "$1", "?", ":a", "{{.}}", "a\r\nDEL a"),
		alike("long", "names of 1,000 characters are told apart by the last, or refused.",
			long, long+"b", long+"c", long[1:], strings.ToUpper(long), runes, runes+"b", runes[4:]),
	)
}

// alike promises that names, which some engine takes for the same, are kept apart in each field,
// or refused.
func alike(name, says string, names ...string) promise[token.Storage] {
	return promise[token.Storage]{"isolation/" + name, says, func(ctx context.Context, s token.Storage) error {
		p := newProvider()
		for _, in := range []func(name string) token.Key{
			func(name string) token.Key { return token.Key{Provider: p + "users", User: name} },
			func(name string) token.Key { return token.Key{Provider: p + "accounts", User: "a", Account: name} },
			func(name string) token.Key { return token.Key{Provider: p + name, User: "a"} },
		} {
			keys := make([]token.Key, 0, len(names))
			for _, name := range names {
				keys = append(keys, in(name))
			}
			if err := apart(ctx, s, true, keys); err != nil {
				return err
			}
		}
		return nil
	}}
}

// apart sets a record at each key, looks for each, and deletes one after the other. A key that was
// refused must be absent; a storage may also refuse to look for it.
func apart(ctx context.Context, s token.Storage, mayRefuse bool, keys []token.Key) error {
	records := make(map[token.Key]token.Record, len(keys))
	for _, key := range keys {
		if err := refusedOr(s.Get(ctx, key)); err != nil {
			return fmt.Errorf("%s, before it was set, after %d others were: %w", key, len(records), err)
		}
		r := newRecord()
		switch err := s.Set(ctx, key, r); {
		case err == nil:
			records[key] = r
		case !mayRefuse || !refused(err):
			return err
		}
	}
	for _, gone := range keys {
		for _, key := range keys {
			r, kept := records[key]
			err := refusedOr(s.Get(ctx, key))
			if kept {
				err = holds(ctx, s, key, r)
			}
			if err != nil {
				return fmt.Errorf("%d of %d keys are set, and %s should be: %t: %w", len(records), len(keys), key, kept, err)
			}
		}
		if err := s.Delete(ctx, gone); err != nil && !refused(err) {
			return err
		}
		delete(records, gone)
	}
	return nil
}

// refusedOr returns an error unless a Get that returned r and err found nothing.
func refusedOr(r token.Record, err error) error {
	switch {
	case err == nil:
		return fmt.Errorf("found %v, want an error that matches token.ErrNotFound", r)
	case errors.Is(err, token.ErrNotFound), refused(err):
		return nil
	default:
		return err
	}
}
