package token

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// MarshalJSON returns the token in the form in which it is stored, with every secret in it. It
// fails where a field holds bytes that are no UTF-8, which JSON cannot give back.
func (t Token) MarshalJSON() ([]byte, error) {
	return t.appendJSON(nil)
}

// UnmarshalJSON reads a token from the form in which it is stored, or from a provider's answer.
// Errors say where the JSON is wrong and never what stands there.
func (t *Token) UnmarshalJSON(data []byte) error {
	read, err := parse(data)
	if err != nil {
		return err
	}
	*t = *read
	return nil
}

func parse(data []byte) (*Token, error) {
	s := newScanner(data)
	t, err := s.token()
	if err != nil {
		return nil, err
	}
	return t, s.end()
}

// token reads a token, which keeps its part of the text.
func (s *scanner) token() (*Token, error) {
	start := s.text.Len()
	var f fields
	var oauth1 string
	err := s.object(func(name string, _ int) (err error) {
		if name == "scope" {
			f.scopes, f.joined, err = s.scopes()
			return err
		}
		v, err := s.value()
		if err != nil {
			return err
		}
		var into *string
		switch name {
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
		case "expires_at":
			f.expiry = parseExpiry(v)
		}
		switch {
		case into == nil:
		case v[0] == '"':
			*into = unquote(v)
		case v[0] == 'n':
			*into = ""
		default:
			return fmt.Errorf("token: member %s: want a string, got %s", name, kindOf(v))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if f.access == "" && oauth1 != "" {
		f.access, f.oauth1 = oauth1, true
	}
	return &Token{f.access, f.typ, f.refresh, f.secret, f.scopes, f.expiry, s.text.String()[start:], f}, nil
}

// appendJSON appends the token to b: what came, unless a field was set since.
func (t *Token) appendJSON(b []byte) ([]byte, error) {
	changed, err := t.changed()
	if err != nil {
		return nil, err
	}
	if t.raw != "" && len(changed) == 0 {
		return append(b, t.raw...), nil
	}
	var all []member
	if t.raw != "" {
		if all, err = members([]byte(t.raw)); err != nil {
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
		if c.value != "" {
			all = slices.Insert(all, at, c)
		}
	}
	return appendObject(b, all), nil
}

// changed lists the fields set since the token was read; one without a value was cleared.
func (t *Token) changed() (all []member, err error) {
	text := func(name, is, was string) {
		switch {
		case is == was:
		case is == "":
			all = append(all, member{name: name})
		case !utf8.ValidString(is):
			err = errUTF8(name)
		default:
			all = append(all, newMember(name, quote(is)))
		}
	}
	access := "access_token"
	if t.came.oauth1 || t.raw == "" && t.Secret != "" {
		access = "oauth_token"
	}
	text(access, t.AccessToken, t.came.access)
	text("oauth_token_secret", t.Secret, t.came.secret)
	text("token_type", t.TokenType, t.came.typ)
	text("refresh_token", t.RefreshToken, t.came.refresh)
	switch {
	case slices.Equal(t.Scopes, t.came.scopes):
	case len(t.Scopes) == 0:
		all = append(all, member{name: "scope"})
	case !utf8.ValidString(strings.Join(t.Scopes, " ")):
		err = errUTF8("scope")
	default:
		all = append(all, newMember("scope", formatScopes(t.Scopes, t.came.joined)))
	}
	switch {
	case t.Expiry.Equal(t.came.expiry):
	case t.Expiry.IsZero():
		all = append(all, member{name: "expires_at"})
	default:
		all = append(all, newMember("expires_at", string(appendUnix(nil, t.Expiry))))
	}
	return all, err
}

func errUTF8(name string) error {
	return errors.New("token: member " + name + " is not UTF-8, which JSON cannot hold")
}
