package natsstore

import (
	"fmt"
	"strings"

	"github.com/waltz-oauth/waltz/token"
)

// A key is the end of a subject: provider, user and account, each a part of it. What may stand in a
// key of NATS stays as it is, other bytes are written as = and two digits, and nothing as = alone, so
// that no two keys have the same and wildcards find the parts.

// maxSubject keeps the lines of the protocol, in which a subject may stand beside others, below the 4096
// bytes at which a server hangs up.
const maxSubject = 3000

const digits = "0123456789ABCDEF"

func escape(part string) string {
	if part == "" {
		return "="
	}
	var b strings.Builder
	for i := range len(part) {
		if c := part[i]; plain(c) {
			b.WriteByte(c)
		} else {
			b.WriteByte('=')
			b.WriteByte(digits[c>>4])
			b.WriteByte(digits[c&15])
		}
	}
	return b.String()
}

func plain(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_'
}

// subject returns the subject of a key, or an error matching [token.ErrKey].
func (s *Storage) subject(key token.Key) (string, error) {
	subject := subjects(s.bucket) + escape(key.Provider) + "." + escape(key.User) + "." + escape(key.Account)
	if len(subject) > maxSubject {
		return "", fmt.Errorf("%w: its subject has %d bytes, and at most %d are kept", token.ErrKey, len(subject), maxSubject)
	}
	return subject, nil
}

// filter returns the subjects of the keys that f asks for, and maybe of others.
func (s *Storage) filter(f token.Filter) string {
	provider, user := "*", "*"
	if f.Provider != "" {
		provider = escape(f.Provider)
	}
	if f.User != "" {
		user = escape(f.User)
	}
	return subjects(s.bucket) + provider + "." + user + ".*"
}

// keyOf is the inverse of subject.
func (s *Storage) keyOf(subject string) (key token.Key, ok bool) {
	text, ok := strings.CutPrefix(subject, subjects(s.bucket))
	fields := strings.Split(text, ".")
	if !ok || len(fields) != 3 {
		return key, false
	}
	for i, into := range []*string{&key.Provider, &key.User, &key.Account} {
		if *into, ok = unescape(fields[i]); !ok {
			return token.Key{}, false
		}
	}
	return key, true
}

func unescape(text string) (part string, ok bool) {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '=' || len(text) == 1 {
			b.WriteByte(text[i])
			continue
		}
		if len(text) < i+3 {
			return "", false
		}
		b.WriteByte(byte(strings.IndexByte(digits, text[i+1])<<4 | strings.IndexByte(digits, text[i+2]))) //nolint:gosec // see below
		i += 2
	}
	part = b.String()
	if text == "=" {
		part = ""
	}
	return part, escape(part) == text // which nothing but what escape writes is
}
