package flaskdance

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// errJSON says nothing of what was read, which may be a token.
var errJSON = errors.New("not the JSON that was expected")

// member is a member of a JSON object, or an element of an array.
type member struct {
	name  string // "" in an array
	key   string // the name as it is spelled, quoted
	value string // JSON as it is spelled
}

func newMember(name, value string) member { return member{name, quote(name), value} }

// parse reads an object or an array, which begins with open, and none of its values.
func parse(text string, open jsontext.Kind) ([]member, error) {
	closing := jsontext.Kind('}')
	if open == '[' {
		closing = ']'
	}
	d := jsontext.NewDecoder(bytes.NewBufferString(text), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if d.PeekKind() != open || !utf8.ValidString(text) {
		return nil, errJSON
	}
	if _, err := d.ReadToken(); err != nil {
		return nil, errJSON
	}
	var all []member
	for d.PeekKind() != closing {
		var m member
		if open == '{' {
			key, err := d.ReadValue()
			if err != nil {
				return nil, errJSON
			}
			m.key, m.name = string(key), unquote(string(key))
		}
		value, err := d.ReadValue()
		if err != nil {
			return nil, errJSON
		}
		m.value = string(value)
		all = append(all, m)
	}
	if _, err := d.ReadToken(); err != nil {
		return nil, errJSON
	}
	if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, errJSON
	}
	return all, nil
}

// object writes the object of all.
func object(all []member) string {
	var b strings.Builder
	b.WriteByte('{')
	for i, m := range all {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(m.key + ":" + m.value)
	}
	b.WriteByte('}')
	return b.String()
}

// last returns the value of the member called name: of several the last, as Python does.
func last(all []member, name string) (value string, ok bool) {
	for _, m := range all {
		if m.name == name {
			value, ok = m.value, true
		}
	}
	return value, ok
}

func quote(s string) string {
	b, _ := jsontext.AppendQuote(nil, s) // what is no UTF-8 becomes U+FFFD
	return string(b)
}

// unquote returns the text of a JSON string; half a surrogate pair becomes U+FFFD.
func unquote(s string) string {
	b, _ := jsontext.AppendUnquote(nil, s)
	return string(b)
}

// ascii spells what is not ASCII in JSON by escapes, as Python does, so that no collation or
// connection changes it.
func ascii(text string) string {
	var b strings.Builder
	for _, r := range text {
		if r < utf8.RuneSelf {
			b.WriteRune(r)
			continue
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			b.WriteString(`\u` + strconv.FormatUint(0x10000+uint64(unit), 16)[1:])
		}
	}
	return b.String()
}
