package token

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// member is one member of a JSON object.
type member struct {
	name  string
	value string // JSON
	text  string // `"name":value`, the name spelled as it came
}

// newMember returns a member that did not come from anywhere. Its name is UTF-8.
func newMember(name, value string) member {
	return member{name, value, quote(name) + ":" + value}
}

// scanner reads JSON once, writing it down without white space as it goes. What it hands out are
// parts of that text, which later writing leaves alone.
type scanner struct {
	in   *jsontext.Decoder
	text strings.Builder
}

// newScanner reads bytes that are no UTF-8 as U+FFFD, since not every storage can keep them.
func newScanner(data []byte) *scanner {
	if !utf8.Valid(data) {
		data = bytes.ToValidUTF8(data, []byte("\ufffd"))
	}
	s := &scanner{in: jsontext.NewDecoder(bytes.NewBuffer(data), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))}
	s.text.Grow(len(data))
	return s
}

// object reads an object. It calls member with the name of each and where its text starts; member
// must read the value.
func (s *scanner) object(member func(name string, start int) error) error {
	if k := s.in.PeekKind(); k != '{' && k != 0 {
		return fmt.Errorf("token: want a JSON object, got %s", kind(k))
	}
	return s.list('}', func() error {
		start := s.text.Len()
		name, err := s.value()
		if err != nil {
			return err
		}
		s.text.WriteByte(':')
		return member(unquote(name), start)
	})
}

// list reads an object or an array up to end. It calls item for each member or element, which must
// read it.
func (s *scanner) list(end jsontext.Kind, item func() error) error {
	open, err := s.in.ReadToken()
	if err != nil {
		return errSyntax(err)
	}
	s.text.WriteByte(byte(open.Kind()))
	for first := true; s.in.PeekKind() != end; first = false {
		if !first {
			s.text.WriteByte(',')
		}
		if err := item(); err != nil {
			return err
		}
	}
	s.text.WriteByte(byte(end))
	_, err = s.in.ReadToken()
	return err
}

// value reads a value.
func (s *scanner) value() (string, error) {
	v, err := s.in.ReadValue()
	if err != nil {
		return "", errSyntax(err)
	}
	if nested := v[0] == '{' || v[0] == '['; nested && bytes.ContainsAny(v, " \t\r\n") {
		v = v.Clone()
		if err := v.Compact(); err != nil {
			return "", errSyntax(err)
		}
	}
	start := s.text.Len()
	s.text.Write(v)
	return s.text.String()[start:], nil
}

// end fails where more follows.
func (s *scanner) end() error {
	if _, err := s.in.ReadToken(); !errors.Is(err, io.EOF) {
		return errors.New("token: more follows the JSON object")
	}
	return nil
}

// members reads the members of the JSON object in data.
func members(data []byte) ([]member, error) {
	s := newScanner(data)
	var all []member
	err := s.object(func(name string, start int) error {
		v, err := s.value()
		all = append(all, member{name, v, s.text.String()[start:]})
		return err
	})
	return all, err
}

func appendObject(b []byte, all []member) []byte {
	b = append(b, '{')
	for i, m := range all {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, m.text...)
	}
	return append(b, '}')
}

// errSyntax says where JSON is broken and never what stands there.
func errSyntax(err error) error {
	if syntax, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		return fmt.Errorf("token: not valid JSON at byte %d", syntax.ByteOffset)
	}
	return errors.New("token: not valid JSON")
}

func kind(k jsontext.Kind) string {
	switch k {
	case '{':
		return "an object"
	case '[':
		return "an array"
	case '"':
		return "a string"
	case '0':
		return "a number"
	case 't', 'f':
		return "a boolean"
	default:
		return "null"
	}
}

func kindOf(v string) string { return kind(jsontext.Value(v[:1]).Kind()) }

func quote(s string) string {
	b, _ := jsontext.AppendQuote(nil, s) // what is no UTF-8 was refused
	return string(b)
}

// unquote reads a JSON string; what is no Unicode in it reads as U+FFFD.
func unquote(v string) string {
	if strings.IndexByte(v, '\\') < 0 && utf8.ValidString(v) {
		return v[1 : len(v)-1]
	}
	b, _ := jsontext.AppendUnquote(nil, v)
	return string(b)
}
