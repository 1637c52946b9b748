package token

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// member is one name and value of a JSON object.
type member struct {
	name  string
	value []byte // JSON
}

// MarshalJSON returns the token in the form in which it is stored, with every secret in it. It
// fails where a field holds bytes that are no UTF-8, which JSON cannot give back.
func (t Token) MarshalJSON() ([]byte, error) {
	return t.appendJSON(nil)
}

// UnmarshalJSON reads a token from the form in which it is stored, or from a provider's answer.
func (t *Token) UnmarshalJSON(data []byte) error {
	raw := jsontext.Value(bytes.Clone(data))
	if err := raw.Compact(); err != nil {
		return errSyntax(err)
	}
	read, err := parse(raw)
	if err != nil {
		return err
	}
	*t = *read
	return nil
}

// parse reads raw, which is compact and which the token keeps.
func parse(raw []byte) (*Token, error) {
	all, err := members(raw)
	if err != nil {
		return nil, err
	}
	var f fields
	var oauth1 string
	for _, m := range all {
		var into *string
		switch m.name {
		case "access_token":
			into = &f.access
		case "oauth_token":
			into = &oauth1
		case "token_type":
			into = &f.typ
		case "refresh_token":
			into = &f.refresh
		case "oauth_token_secret":
			into = &f.secret
		case "scope":
			f.scopes = parseScopes(m.value)
		case "expires_at":
			f.expiry = parseUnix(m.value)
		}
		switch {
		case into == nil:
		case m.value[0] == '"':
			*into = unquote(m.value)
		case m.value[0] == 'n':
			*into = ""
		default:
			return nil, fmt.Errorf("token: member %s: want a string, got %s", m.name, kind(m.value))
		}
	}
	if f.access == "" && oauth1 != "" {
		f.access, f.oauth1 = oauth1, true
	}
	return &Token{f.access, f.typ, f.refresh, f.secret, f.scopes, f.expiry, raw, f}, nil
}

// appendJSON appends the token to b: what came, unless a field was set since.
func (t *Token) appendJSON(b []byte) ([]byte, error) {
	changed, err := t.changed()
	if err != nil {
		return nil, err
	}
	if t.raw != nil && len(changed) == 0 {
		return append(b, t.raw...), nil
	}
	var all []member
	if t.raw != nil {
		if all, err = members(t.raw); err != nil {
			return nil, err
		}
	}
	for _, c := range changed {
		named := func(m member) bool { return m.name == c.name }
		at := slices.IndexFunc(all, named)
		if at < 0 {
			at = len(all)
		}
		all = slices.DeleteFunc(all, named)
		if c.value != nil {
			all = slices.Insert(all, min(at, len(all)), c)
		}
	}
	return appendObject(b, all), nil
}

// changed lists the fields set since the token was read; a nil value is a field that was cleared.
func (t *Token) changed() (all []member, err error) {
	text := func(name, is, was string) {
		switch {
		case is == was:
		case is == "":
			all = append(all, member{name, nil})
		case !utf8.ValidString(is):
			err = fmt.Errorf("token: member %s is not UTF-8, which JSON cannot hold", name)
		default:
			all = append(all, member{name, quote(is)})
		}
	}
	access := "access_token"
	if t.came.oauth1 || t.raw == nil && t.Secret != "" {
		access = "oauth_token"
	}
	text(access, t.AccessToken, t.came.access)
	text("oauth_token_secret", t.Secret, t.came.secret)
	text("token_type", t.TokenType, t.came.typ)
	text("refresh_token", t.RefreshToken, t.came.refresh)
	if !slices.Equal(t.Scopes, t.came.scopes) {
		m := member{name: "scope"}
		if len(t.Scopes) > 0 {
			if m.value, err = json.Marshal(t.Scopes); err != nil {
				return nil, err
			}
		}
		all = append(all, m)
	}
	if !t.Expiry.Equal(t.came.expiry) {
		m := member{name: "expires_at"}
		if !t.Expiry.IsZero() {
			m.value = appendUnix(nil, t.Expiry)
		}
		all = append(all, m)
	}
	return all, err
}

// members reads the members of the JSON object in raw, whose values are parts of raw.
func members(raw []byte) ([]member, error) {
	d := jsontext.NewDecoder(bytes.NewBuffer(raw), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if _, err := d.ReadToken(); err != nil {
		return nil, errSyntax(err)
	}
	if raw[0] != '{' {
		return nil, fmt.Errorf("token: want a JSON object, got %s", kind(raw))
	}
	all := make([]member, 0, 8)
	for d.PeekKind() != '}' {
		name, err := d.ReadToken()
		if err != nil {
			return nil, errSyntax(err)
		}
		m := member{name: name.String()}
		v, err := d.ReadValue()
		if err != nil {
			return nil, errSyntax(err)
		}
		end := int(d.InputOffset())
		m.value = raw[end-len(v) : end : end]
		all = append(all, m)
	}
	if _, err := d.ReadToken(); err != nil {
		return nil, errSyntax(err)
	}
	return all, nil
}

func appendObject(b []byte, all []member) []byte {
	b = append(b, '{')
	for i, m := range all {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, quote(m.name)...)
		b = append(b, ':')
		b = append(b, m.value...)
	}
	return append(b, '}')
}

// errSyntax says where JSON is broken and never what stands there.
func errSyntax(err error) error {
	var syntax *jsontext.SyntacticError
	if errors.As(err, &syntax) {
		return fmt.Errorf("token: not valid JSON at byte %d", syntax.ByteOffset)
	}
	return errors.New("token: not valid JSON")
}

func kind(v jsontext.Value) string {
	switch v.Kind() {
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

func quote(s string) []byte {
	b, _ := jsontext.AppendQuote(nil, s) // what is no UTF-8 was refused, or came from a decoder
	return b
}

// unquote reads a JSON string; what is no Unicode in it reads as U+FFFD.
func unquote(v []byte) string {
	b, _ := jsontext.AppendUnquote(nil, v)
	return string(b)
}
