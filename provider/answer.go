package provider

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/waltz-oauth/waltz/token"
)

// read reads the answer to a token request that began then (RFC 6749 section 5.1).
func (p Provider) read(object json.RawMessage, began time.Time) (*token.Token, error) {
	t := new(token.Token)
	if err := t.UnmarshalJSON(p.lifted(object)); err != nil {
		return nil, err
	}
	if t.AccessToken == "" {
		return nil, errors.New("the answer has no access token")
	}
	if p.TokenType != "" && strings.EqualFold(t.TokenType, p.TokenType) {
		t.TokenType = "Bearer"
	}
	if err := p.CheckType(t); err != nil {
		return nil, err
	}
	if p.GrantedSeparator != "" {
		if scopes := t.ExtraString("scope"); scopes != "" {
			t.Scopes = split(scopes, p.GrantedSeparator)
		}
	}
	if in, named := t.Extra("expires_in"); named {
		if d := lifetime(in); d > 0 {
			t.Expiry = began.Add(d).UTC().Truncate(time.Microsecond)
		}
	}
	if t.Expiry.IsZero() && p.Lifetime > 0 {
		t.Expiry = began.Add(p.Lifetime).UTC().Truncate(time.Microsecond)
	}
	return t, nil
}

// lifted returns the answer with the members of the object at TokenAt beside its own, where that has the
// token and the answer has none at its top.
func (p Provider) lifted(object json.RawMessage) json.RawMessage {
	var top, below map[string]json.RawMessage
	if p.TokenAt == "" || json.Unmarshal(object, &top) != nil || hasToken(top) {
		return object
	}
	inner := object
	for name := range steps(p.TokenAt) {
		var list []json.RawMessage
		var members map[string]json.RawMessage
		switch i, err := strconv.Atoi(name); {
		case json.Unmarshal(inner, &members) == nil:
			inner = members[name]
		case json.Unmarshal(inner, &list) == nil && err == nil && i >= 0 && i < len(list):
			inner = list[i]
		default:
			return object
		}
	}
	if json.Unmarshal(inner, &below) != nil || !hasToken(below) {
		return object
	}
	maps.Copy(top, below)
	all, err := json.Marshal(top)
	if err != nil {
		return object
	}
	return all
}

func hasToken(members map[string]json.RawMessage) bool {
	t := members["access_token"]
	return t != nil && string(t) != "null"
}

// ErrTokenType is the error of a token of a type that cannot be used at its provider.
var ErrTokenType = errors.New("the token is of a type that its provider has no use for")

// CheckType returns an error matching [ErrTokenType] if t is not to be sent as a Bearer token (RFC
// 6749 section 7.1). One without a type is, and so is one of the type "token", as GitHub has it. A
// provider of OAuth 1 takes tokens without a type alone.
func (p *Provider) CheckType(t *token.Token) error {
	if p.OAuth1() {
		if t.TokenType != "" {
			return ErrTokenType
		}
		return nil
	}
	bearer := t.TokenType == "" || strings.EqualFold(t.TokenType, "bearer") || strings.EqualFold(t.TokenType, "token")
	if !bearer || t.Secret != "" {
		return ErrTokenType
	}
	return nil
}

func split(scopes, separator string) (all []string) {
	for s := range strings.SplitSeq(scopes, separator) {
		if s = strings.TrimSpace(s); s != "" {
			all = append(all, s)
		}
	}
	return all
}

// lifetime reads an expires_in: seconds, a number or text that is one. 0 stands for all that names no
// end: null, what is no number or not above 0, and more than a hundred years.
func lifetime(in json.RawMessage) time.Duration {
	const never = 100 * 365 * 24 * 60 * 60
	seconds, err := strconv.ParseFloat(strings.TrimSpace(strings.Trim(string(in), `"`)), 64)
	if err != nil || !(seconds > 0 && seconds <= never) { // NaN is neither
		return 0
	}
	return time.Duration(seconds * float64(time.Second))
}

// object returns the members of an answer to a token request as a JSON object.
func object(body []byte) (json.RawMessage, error) { return objectOf(body, "access_token", "error") }

// objectOf returns the members of an answer as a JSON object, whatever its header says it is: JSON as
// it came, or a form that has one of the names, each of its members as text. Bytes that are no UTF-8,
// which JSON must be (RFC 8259 section 8.1), become U+FFFD: not every storage could keep them.
func objectOf(body []byte, names ...string) (json.RawMessage, error) {
	body = bytes.ToValidUTF8(bytes.TrimSpace(body), []byte("\uFFFD"))
	if len(body) > 0 && body[0] == '{' {
		if !json.Valid(body) {
			return nil, errors.New("the answer is broken JSON")
		}
		return body, nil
	}
	var members []string
	known := false
	for pair := range strings.SplitSeq(string(body), "&") {
		name, value, ok := strings.Cut(pair, "=")
		name, errName := url.QueryUnescape(name)
		value, errValue := url.QueryUnescape(value)
		if !ok || errName != nil || errValue != nil || !utf8.ValidString(name) || !utf8.ValidString(value) {
			return nil, errors.New("the answer is neither JSON nor a form")
		}
		known = known || slices.Contains(names, name)
		members = append(members, fmt.Sprintf("%s:%s", text(name), text(value)))
	}
	if !known {
		return nil, errors.New("the answer is neither JSON nor a form of a token")
	}
	return json.RawMessage("{" + strings.Join(members, ",") + "}"), nil
}

func text(s string) []byte {
	b, _ := json.Marshal(s) // text always can be
	return b
}

// refusal reads the code and the prose of an error answer (RFC 6749 section 5.2), which some
// providers send with status 200.
func (p *Provider) refusal(object json.RawMessage) (code, prose string) {
	d := json.NewDecoder(bytes.NewReader(object))
	d.UseNumber()
	var members map[string]any // a struct would take Error for error
	if d.Decode(&members) != nil {
		return "", ""
	}
	prose, _ = members["error_description"].(string)
	if code, _ = at(members, cmp.Or(p.ErrorAt, "/error")).(string); p.ErrorAt != "" {
		code = textAt(members, p.ErrorAt) // some number their errors
	}
	if code != "" && code == p.DeadGrant {
		code = invalidGrant
	}
	return codeOf(code), prose
}

// codeOf is an error code as it may be printed: one that reads like prose or worse is "malformed".
func codeOf(code string) string {
	const fit = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-."
	if len(code) > 64 || strings.Trim(code, fit) != "" {
		return "malformed"
	}
	return code
}
