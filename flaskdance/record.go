package flaskdance

import (
	"fmt"
	"time"

	"github.com/waltz-oauth/waltz/internal/cookie"
	"github.com/waltz-oauth/waltz/token"
)

// memo is the member of a token's JSON that holds what a keeper remembers about the token. Flask-Dance
// keeps it as it keeps any other, until it stores a token of its own.
const memo = "_waltz"

// encode returns r as the JSON that Flask-Dance is to find, with the memo in it. More are members
// that the memo gets besides. One of them always says which token it belongs to.
func encode(r token.Record, more ...member) (string, error) {
	var all []member
	of := ""
	if r.Token != nil {
		text, err := r.Token.MarshalJSON()
		if err != nil {
			return "", err
		}
		if all, err = parse(string(text), '{'); err != nil {
			return "", err
		}
		if _, taken := last(all, memo); taken {
			return "", fmt.Errorf("%w: its member %s would stand where the keeper's notes do", token.ErrTooLarge, memo)
		}
		of = identity(r.Token)
	}
	r.Token = nil
	text, err := r.AppendJSON(nil)
	if err != nil {
		return "", err
	}
	notes, err := parse(string(text), '{')
	if err != nil {
		return "", err
	}
	notes = append(append(notes, newMember("of", quote(of))), more...)
	return ascii(object(append(all, newMember(memo, object(notes))))), nil
}

// decode reads what encode or Flask-Dance wrote. Its error matches [token.ErrNotFound] for null and
// an empty object, which to Flask-Dance are no token.
func decode(text string) (token.Record, error) {
	if text == "null" {
		return token.Record{}, token.ErrNotFound
	}
	all, err := parse(text, '{')
	if err != nil {
		return token.Record{}, err
	}
	var rest []member
	for _, m := range all {
		if m.name != memo {
			rest = append(rest, m)
		}
	}
	t := new(token.Token)
	if err := t.UnmarshalJSON([]byte(object(rest))); err != nil {
		return token.Record{}, err
	}
	if r, of, ok := recall(all); ok && of == identity(t) {
		r.Token = t
		return r, nil
	} else if ok && of == "" && len(rest) == 0 {
		return r, nil
	}
	if len(rest) == 0 {
		return token.Record{}, token.ErrNotFound
	}
	return foreign(t), nil
}

// recall reads the memo, and of which token it is.
func recall(all []member) (r token.Record, of string, ok bool) {
	value, ok := last(all, memo)
	if !ok || r.UnmarshalJSON([]byte(value)) != nil {
		return token.Record{}, "", false
	}
	notes, err := parse(value, '{')
	if err != nil {
		return token.Record{}, "", false
	}
	said, _ := last(notes, "of")
	r.Token = nil
	return r, unquote(said), true
}

// foreign is the record of a token that Flask-Dance stored. Its grant is made from the token, so that
// whoever reads it calls it the same, and so that Flask-Dance's counting down of expires_in, which it
// may store, makes no other.
func foreign(t *token.Token) token.Record {
	r := token.Record{Token: t, Grant: identity(t)}
	if t.RefreshToken != "" && !t.Expiry.IsZero() {
		r.RefreshAt = t.Expiry.Add(-time.Minute).Truncate(time.Microsecond)
	}
	return r
}

// plain returns r as Flask-Dance would have stored it, if there is nothing more to it: such a record
// needs no memo to come back.
func plain(r token.Record) (text string, ok bool) {
	if r.Token == nil {
		return "", false
	}
	b, err := r.Token.MarshalJSON()
	f := foreign(r.Token)
	ok = err == nil && string(b) != "{}" && r.Grant == f.Grant && r.RefreshAt.Equal(f.RefreshAt) &&
		r.Generation == 0 && r.Subject == "" && r.State == token.Active && r.Reason == "" &&
		r.Since.IsZero() && r.Lease == (token.Lease{}) && r.NotBefore.IsZero()
	return ascii(string(b)), ok
}

func identity(t *token.Token) string {
	return cookie.Tag("flaskdance", t.AccessToken, t.RefreshToken, t.Secret)
}
