package token_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz/token"
)

func TestExtra(t *testing.T) {
	t.Parallel()
	tok := read(t, `{"access_token":"a","n":1000000000000000000000000000000,"id_token":"i\u0041","team":{ "id" : 1 },"x":1,"x":2}`)
	for name, want := range map[string]string{"n": "1000000000000000000000000000000", "id_token": `"i\u0041"`, "team": `{"id":1}`, "x": "2", "access_token": `"a"`} {
		if got, ok := tok.Extra(name); !ok || string(got) != want {
			t.Errorf("%s: got %s %v, want %s", name, got, ok, want)
		}
	}
	if got, ok := tok.Extra("absent"); ok || got != nil {
		t.Errorf("absent: got %s %v", got, ok)
	}
	changed := *tok
	changed.AccessToken = "b"
	if got, _ := changed.Extra("access_token"); string(got) != `"b"` {
		t.Errorf("a field that was set does not win: got %s", got)
	}
	if got := tok.ExtraString("id_token"); got != "iA" {
		t.Errorf("as text: got %q", got)
	}
	for _, name := range []string{"n", "team", "absent"} {
		if got := tok.ExtraString(name); got != "" {
			t.Errorf("%s is no text: got %q", name, got)
		}
	}
	extra, _ := tok.Extra("id_token")
	copy(extra, "overwritten")
	if got := tok.ExtraString("id_token"); got != "iA" {
		t.Errorf("writing over what Extra returned changed the token: %q", got)
	}
}

func TestWith(t *testing.T) {
	t.Parallel()
	tok := read(t, `{"access_token":"a","x":1,"y":2,"x":3}`)
	for _, test := range []struct {
		name  string
		value any
		want  string
	}{
		{"z", []int{1}, `{"access_token":"a","x":1,"y":2,"x":3,"z":[1]}`},
		{"x", json.Number("1e999"), `{"access_token":"a","y":2,"x":1e999}`},
		{"a\"b", nil, `{"access_token":"a","x":1,"y":2,"x":3,"a\"b":null}`},
	} {
		got, err := tok.With(test.name, test.value)
		if err != nil {
			t.Fatal(err)
		}
		if written(t, got) != test.want {
			t.Errorf("%s: got %s, want %s", test.name, written(t, got), test.want)
		}
	}
	field, err := tok.With("refresh_token", "r")
	if err != nil || field.RefreshToken != "r" || tok.RefreshToken != "" {
		t.Errorf("a member with a field: got %q %v, and %q before", field.RefreshToken, err, tok.RefreshToken)
	}
	if _, err := tok.With("access_token", 7); err == nil {
		t.Error("a number is no access token, and was taken")
	}
	if _, err := tok.With("x", failing{}); err == nil || strings.Contains(err.Error(), "canary") {
		t.Errorf("a value that does not marshal: got %v", err)
	}
}

// failing is a value whose error quotes it.
type failing struct{}

func (failing) MarshalJSON() ([]byte, error) { return nil, errors.New("no JSON: canary-fake-secret") }

func TestMerge(t *testing.T) {
	t.Parallel()
	const old = `{"access_token":"a","token_type":"bearer","refresh_token":"r","id_token":"i","scope":"s","team":{"id":1},"expires_in":3600,"expires_at":5}`
	for _, test := range []struct{ name, next, want string }{
		{"what the answer leaves out stays", `{"access_token":"b"}`, `{"token_type":"bearer","refresh_token":"r","id_token":"i","scope":"s","team":{"id":1},"access_token":"b"}`},
		{
			"members of the answer replace", `{"access_token":"b","refresh_token":"q","id_token":"j","scope":["u"],"team":{"id":2}}`,
			`{"token_type":"bearer","access_token":"b","refresh_token":"q","id_token":"j","scope":["u"],"team":{"id":2}}`,
		},
		{
			"null and empty say nothing", `{"access_token":"b","refresh_token":null,"id_token":"","scope":"","new":null}`,
			`{"token_type":"bearer","refresh_token":"r","id_token":"i","scope":"s","team":{"id":1},"access_token":"b","new":null}`,
		},
		{
			"the lifetime is the answer's", `{"access_token":"b","expires_in":60,"expires_at":9}`,
			`{"token_type":"bearer","refresh_token":"r","id_token":"i","scope":"s","team":{"id":1},"access_token":"b","expires_in":60,"expires_at":9}`,
		},
	} {
		was := read(t, old)
		got, err := was.Merge(read(t, test.next))
		if err != nil {
			t.Fatal(err)
		}
		if written(t, got) != test.want {
			t.Errorf("%s: got %s, want %s", test.name, written(t, got), test.want)
		}
		if written(t, was) != old {
			t.Errorf("%s: the old token was changed", test.name)
		}
	}
	made, err := read(t, old).Merge(&token.Token{AccessToken: "b", Expiry: time.Unix(9, 0)})
	if err != nil || made.AccessToken != "b" || made.RefreshToken != "r" || !made.Expiry.Equal(time.Unix(9, 0)) {
		t.Errorf("with a token made from fields: %v %v", made, err)
	}
}
