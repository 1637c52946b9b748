package token

import (
	"encoding/base64"
	"strings"
)

// Strict, so that there is one text for one content.
var opaque = base64.RawURLEncoding.Strict() //nolint:gochecknoglobals // a constant, which Go cannot write as one

// Opaque returns what a storage that encrypts tokens has stored in the place of one: a token whose only
// member is called name, which is letters, and holds content, its parts one after the other, as
// base64url without padding (RFC 4648 section 5). There is nothing in it that an engine would spell
// otherwise.
func Opaque(name string, content ...[]byte) *Token {
	size := 0
	for _, part := range content {
		size += len(part)
	}
	var raw strings.Builder // whose writes do not fail
	raw.Grow(len(opaqueBefore) + len(name) + len(opaqueBetween) + opaque.EncodedLen(size) + len(opaqueAfter))
	raw.WriteString(opaqueBefore)
	raw.WriteString(name)
	raw.WriteString(opaqueBetween)
	e := base64.NewEncoder(opaque, &raw)
	for _, part := range content {
		_, _ = e.Write(part)
	}
	_ = e.Close()
	raw.WriteString(opaqueAfter)
	return &Token{raw: raw.String()}
}

// Opaque returns the content that the function [Opaque] was given with that name, and whether t is such
// a token.
func (t *Token) Opaque(name string) (content []byte, ok bool) {
	text := t.raw
	for _, before := range [...]string{opaqueBefore, name, opaqueBetween} {
		if text, ok = strings.CutPrefix(text, before); !ok {
			return nil, false
		}
	}
	text, ok = strings.CutSuffix(text, opaqueAfter)
	if changed, err := t.changed(); !ok || err != nil || len(changed) > 0 {
		return nil, false
	}
	content, err := opaque.DecodeString(text)
	return content, err == nil
}

const opaqueBefore, opaqueBetween, opaqueAfter = `{"`, `":"`, `"}`
