package token_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/waltz-oauth/waltz/token"
)

func TestOpaqueContentIsStoredAndComesBack(t *testing.T) {
	t.Parallel()
	for _, content := range [][]byte{{}, {0}, {0xff, 0xfe}, bytes.Repeat([]byte{0xfb, 0xef, 0xbe, '"'}, 500)} {
		made := token.Opaque("sealed", content[:len(content)/3], content[len(content)/3:])
		stored, err := token.New(made).MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		var r token.Record
		if err := json.Unmarshal(stored, &r); err != nil {
			t.Fatal(err)
		}
		for _, tok := range []*token.Token{made, r.Token} {
			if got, ok := tok.Opaque("sealed"); !ok || !bytes.Equal(got, content) {
				t.Errorf("got %d bytes, %t; want %d", len(got), ok, len(content))
			}
		}
		if v, ok := r.Token.Extra("sealed"); !ok || !json.Valid(v) {
			t.Error("the member is not there, or is no JSON")
		}
	}
}

func TestOpaqueIsNothingElse(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`{}`,
		`{"access_token":"fake"}`,
		`{"sealed":"AA","access_token":"fake"}`,
		`{"access_token":"fake","sealed":"AA"}`,
		`{"sealed":"AA","sealed":"AA"}`,
		`{"sealed":["AA"]}`,
		`{"sealed":null}`,
		`{"sealed":"AB"}`, // bits that no byte has
		`{"sealed":"AA=="}`,
		`{"sealed":"A"}`,
		`{"sealed":"A\nA"}`,
		`{"sealed":"\u0041A"}`,
		`{"sealed":"+/AA"}`,
		`{"other":"AA"}`,
	} {
		var tok token.Token
		if err := json.Unmarshal([]byte(text), &tok); err != nil {
			t.Fatal(err)
		}
		if content, ok := tok.Opaque("sealed"); ok {
			t.Errorf("%s: got %x", text, content)
		}
	}
	set := *token.Opaque("sealed", []byte("x"))
	set.AccessToken = "fake"
	if _, ok := set.Opaque("sealed"); ok {
		t.Error("a token with a field that was set is not opaque")
	}
	if _, ok := new(token.Token).Opaque("sealed"); ok {
		t.Error("a token of nothing is not opaque")
	}
}
