// Package token says what a token is and what a storage of tokens is.
//
// A [Token] is all that a provider returned when it granted access. A [Record] is a token and
// what its keeper remembers about it; storages keep records under a [Key]. A storage of your own
// needs the three methods of [Storage]; those of [Versioned] make it safe for several processes.
// Package storagetest says whether it is right.
package token

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"
)

// Token is all that a provider returned when it granted access. A Token is never changed once
// made: a storage may hand the same one to many readers. To change one, copy it and set fields of
// the copy, or use [Token.With].
//
// Its JSON is the provider's own answer, every member kept as it came, with expires_at (Unix
// seconds, perhaps with a fraction) beside expires_in: the form Flask-Dance stores. An OAuth 1
// token has oauth_token and oauth_token_secret. A field that was set after the token was read
// wins over the member it stands for.
//
// Printed or logged, a Token shows its type and expiry and at most the last four characters of the
// access token; see [Token.Format] and [Token.LogValue] for what that covers. [json.Marshal] is the
// storage form and shows everything.
type Token struct {
	AccessToken  string    // access_token; in OAuth 1, oauth_token
	TokenType    string    // token_type, as the provider spells it
	RefreshToken string    // refresh_token
	Secret       string    // OAuth 1: oauth_token_secret
	Scopes       []string  // scope as granted, not as asked; RFC 6749 section 3.3
	Expiry       time.Time // expires_at; zero where the provider named none

	raw  string // the answer, without white space; "": made from fields
	came fields // what the fields were when raw was read
}

// fields are the members of an answer that have a field of Token.
type fields struct {
	access, typ, refresh, secret string
	scopes                       []string
	expiry                       time.Time
	oauth1                       bool // the access token came as oauth_token
	joined                       bool // the scopes came as text
}

// Extra returns the member of the provider's answer called name, as JSON, and whether there is
// one. Members that have a field of their own come from that field.
func (t *Token) Extra(name string) (json.RawMessage, bool) {
	all, err := t.members()
	if err != nil {
		return nil, false
	}
	for _, m := range slices.Backward(all) {
		if m.name == name {
			return json.RawMessage(m.value), true
		}
	}
	return nil, false
}

// ExtraString returns the member called name where it is a JSON string, such as id_token, and ""
// otherwise.
func (t *Token) ExtraString(name string) string {
	v, _ := t.Extra(name)
	var s string
	if json.Unmarshal(v, &s) != nil {
		return ""
	}
	return s
}

// With returns a copy of t whose member called name is value, which is anything that marshals to
// JSON. A name that has a field of its own sets that field.
func (t *Token) With(name string, value any) (*Token, error) {
	v, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("token: member %q: %T does not marshal to JSON", name, value) // its error may quote the value
	}
	if !utf8.ValidString(name) {
		return nil, errUTF8("name")
	}
	all, err := t.members()
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(m member) bool { return m.name == name })
	return parse(appendObject(nil, append(all, newMember(name, string(v)))))
}

// Merge returns the token that takes t's place after a refresh whose answer was next: members of
// next replace those of t, and others stay, so that a refresh token, an ID token or a scope that
// the answer leaves out is kept (RFC 6749 section 6). The lifetime is the exception: it is that of
// next, and none where next names none.
func (t *Token) Merge(next *Token) (*Token, error) {
	old, err := t.members()
	if err != nil {
		return nil, err
	}
	answer, err := next.members()
	if err != nil {
		return nil, err
	}
	said := make(map[string]bool, len(answer)) // sets, since an answer may have a hundred thousand members
	for _, m := range answer {
		said[m.name] = said[m.name] || says(m)
	}
	had := make(map[string]bool, len(old))
	merged := slices.DeleteFunc(old, func(m member) bool {
		gone := m.name == "expires_in" || m.name == "expires_at" || said[m.name]
		had[m.name] = had[m.name] || !gone
		return gone
	})
	for _, m := range answer {
		if said[m.name] || !had[m.name] {
			merged = append(merged, m)
			had[m.name] = true
		}
	}
	return parse(appendObject(nil, merged))
}

// says reports whether m holds anything: null and the empty string, which some providers send in
// place of a refresh token, are nothing.
func says(m member) bool { return m.value != "null" && m.value != `""` }

// members are those of the token's JSON.
func (t *Token) members() ([]member, error) {
	raw, err := t.appendJSON(nil)
	if err != nil {
		return nil, err
	}
	return members(raw)
}
