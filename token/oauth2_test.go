package token_test

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/waltz-oauth/waltz/token"
)

func TestOAuth2HasEveryMember(t *testing.T) {
	t.Parallel()
	o := read(t, `{"access_token":"a","token_type":"Bearer","refresh_token":"r","scope":"s u","expires_at":1714982950.5,
		"id_token":"i","n":3599,"f":0.1,"big":9007199254740993,"huge":1000000000000000000000000000000,
		"team":{"id":1,"big":[9007199254740993]},"none":null,"yes":true}`).OAuth2()
	if o.AccessToken != "a" || o.TokenType != "Bearer" || o.RefreshToken != "r" || !o.Expiry.Equal(time.Unix(1714982950, 5e8)) {
		t.Errorf("the fields are %q %q %q %v", o.AccessToken, o.TokenType, o.RefreshToken, o.Expiry)
	}
	for name, want := range map[string]any{
		"access_token": "a",
		"scope":        "s u",
		"id_token":     "i",
		"n":            3599.0,
		"f":            0.1,
		"big":          json.Number("9007199254740993"),
		"huge":         1e30,
		"team":         map[string]any{"id": 1.0, "big": []any{json.Number("9007199254740993")}},
		"none":         nil,
		"yes":          true,
		"absent":       nil,
	} {
		if got := o.Extra(name); !reflect.DeepEqual(got, want) {
			t.Errorf("extra %s: got %#v, want %#v", name, got, want)
		}
	}
}

func TestFromOAuth2TakesTheExtrasThatAreNamed(t *testing.T) {
	t.Parallel()
	o := (&oauth2.Token{AccessToken: "a", TokenType: "Bearer", RefreshToken: "r", Expiry: time.Unix(5, 0).In(time.FixedZone("", 3600))}).
		WithExtra(map[string]any{"id_token": "i", "scope": "s u", "n": json.Number("9007199254740993"), "unnamed": 1})
	tok, err := token.FromOAuth2(o, "id_token", "scope", "n", "absent")
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"access_token":"a","token_type":"Bearer","refresh_token":"r","expires_at":5,"id_token":"i","scope":"s u","n":9007199254740993}`
	if got := written(t, tok); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if _, err := token.FromOAuth2(o.WithExtra(map[string]any{"f": func() {}}), "f"); err == nil {
		t.Error("an extra that does not marshal was taken")
	}
}

func TestOAuth2AndBack(t *testing.T) {
	t.Parallel()
	const text = `{"access_token":"a","token_type":"Bearer","refresh_token":"r","expires_at":5.25,"big":9007199254740993,"team":{"id":1}}`
	back, err := token.FromOAuth2(read(t, text).OAuth2(), "big", "team")
	if err != nil {
		t.Fatal(err)
	}
	if got := written(t, back); got != text {
		t.Errorf("got %s, want %s", got, text)
	}
}
