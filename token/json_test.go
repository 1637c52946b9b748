package token_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz/token"
)

// read returns the token that text is.
func read(t *testing.T, text string) *token.Token {
	t.Helper()
	var tok token.Token
	if err := tok.UnmarshalJSON([]byte(text)); err != nil {
		t.Fatalf("reading %s: %v", text, err)
	}
	return &tok
}

// written returns the JSON of tok.
func written(t *testing.T, tok *token.Token) string {
	t.Helper()
	b, err := tok.MarshalJSON()
	if err != nil {
		t.Fatalf("writing: %v", err)
	}
	return string(b)
}

// compact returns text without white space and otherwise as it is spelled.
func compact(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	if err := json.Compact(&b, []byte(text)); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestRoundTripLosesNothing(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"empty":               `{}`,
		"order":               `{"zeta":1,"access_token":"a","alpha":2,"token_type":"bearer"}`,
		"white space":         "\t{ \"a\" : [ 1 , { \"b c\" : \"d  e\" } ] ,\n\"f\":{ } , \"g\" : [ ] }\r\n",
		"nesting":             `{"authed_user":{"id":"U1","scopes":[["a"],{"b":null}]}}`,
		"numbers":             `{"huge":1000000000000000000000000000000,"whole":3600.0,"small":1e-07,"large":1E+400,"zero":-0}`,
		"lone surrogate":      `{"access_token":"a\ud800b","\udc00":"\udfff"}`,
		"U+0000":              `{"access_token":"a\u0000b","\u0000":1}`,
		"escapes":             `{"a\/b":"\u0041\"\\\/\b\f\n\r\t\u2028<>&"}`,
		"unicode":             `{"ключ":"Žofie 🐙 東京","rtl":"שלום"}`,
		"duplicate names":     `{"x":1,"access_token":"old","x":2,"access_token":"new"}`,
		"null":                `{"access_token":null,"refresh_token":null,"scope":null,"expires_at":null}`,
		"scope of no text":    `{"scope":["a",1,null,{"b":[]}]}`,
		"scope of numbers":    `{"scope":7}`,
		"OAuth 1":             `{"oauth_token":"a","oauth_token_secret":"s","user_id":"1"}`,
		"expires_at as text":  `{"expires_at":"1714982950.124457","expires_in":"3600"}`,
		"expires_at nonsense": `{"expires_at":{"soon":true}}`,
	} {
		tok := read(t, text)
		if got, want := written(t, tok), compact(t, text); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
		r := token.Record{Token: tok, Grant: "g"}
		b, err := json.Marshal(r)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var back token.Record
		if err := json.Unmarshal(b, &back); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got, want := values(t, written(t, back.Token)), values(t, text); got != want {
			t.Errorf("%s, in a record: got %s, want %s", name, got, want)
		}
	}
}

// values returns what text means: its strings and numbers, however they are spelled, in their order.
func values(t testing.TB, text string) string {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var b strings.Builder
	for {
		v, err := d.Token()
		if err != nil {
			return b.String()
		}
		fmt.Fprintf(&b, "%T %q\n", v, fmt.Sprint(v))
	}
}

func TestFieldsComeFromTheirMembers(t *testing.T) {
	t.Parallel()
	tok := read(t, `{"access_token":"a\u0000\"","token_type":"Bearer","refresh_token":"r","scope":" a  b ","expires_at":1714982950.124457}`)
	want := token.Token{AccessToken: "a\x00\"", TokenType: "Bearer", RefreshToken: "r", Expiry: time.Unix(1714982950, 124457000).UTC()}
	if tok.AccessToken != want.AccessToken || tok.TokenType != want.TokenType || tok.RefreshToken != want.RefreshToken || tok.Expiry != want.Expiry {
		t.Errorf("the fields are %q %q %q %v", tok.AccessToken, tok.TokenType, tok.RefreshToken, tok.Expiry)
	}
	if !slices.Equal(tok.Scopes, []string{"a", "b"}) {
		t.Errorf("scopes are %q", tok.Scopes)
	}
	one := read(t, `{"access_token":"","oauth_token":"o","oauth_token_secret":"s"}`)
	if one.AccessToken != "o" || one.Secret != "s" {
		t.Errorf("OAuth 1: the fields are %q %q", one.AccessToken, one.Secret)
	}
	if last := read(t, `{"access_token":"old","\u0061ccess_token":"new"}`); last.AccessToken != "new" {
		t.Errorf("of members with one name, the last counts: got %q", last.AccessToken)
	}
	if list := read(t, `{"scope":["a","b\u0063",1]}`); !slices.Equal(list.Scopes, []string{"a", "bc"}) {
		t.Errorf("scopes are %q", list.Scopes)
	}
}

func TestFieldSetAfterwardsWins(t *testing.T) {
	t.Parallel()
	const came = `{"x":1,"access_token":"a","refresh_token":"r","scope":["s"],"token_type":"t","expires_at":5,"\ud800":1e1}`
	for _, test := range []struct {
		name, came string
		set        func(*token.Token)
		want       string
	}{
		{"nothing", came, func(*token.Token) {}, came},
		{"access token", came, func(c *token.Token) { c.AccessToken = "b\"" }, strings.Replace(came, `"a"`, `"b\""`, 1)},
		{"refresh token", came, func(c *token.Token) { c.RefreshToken = "n" }, strings.Replace(came, `"r"`, `"n"`, 1)},
		{"refresh token cleared", came, func(c *token.Token) { c.RefreshToken = "" }, strings.Replace(came, `"refresh_token":"r",`, ``, 1)},
		{"type cleared", came, func(c *token.Token) { c.TokenType = "" }, strings.Replace(came, `"token_type":"t",`, ``, 1)},
		{"scopes", came, func(c *token.Token) { c.Scopes = []string{"a", "b"} }, strings.Replace(came, `["s"]`, `["a","b"]`, 1)},
		{"scopes cleared", came, func(c *token.Token) { c.Scopes = nil }, strings.Replace(came, `"scope":["s"],`, ``, 1)},
		{"expiry", came, func(c *token.Token) { c.Expiry = time.Unix(6, 250_000_000) }, strings.Replace(came, `:5,`, `:6.25,`, 1)},
		{"expiry cleared", came, func(c *token.Token) { c.Expiry = time.Time{} }, strings.Replace(came, `"expires_at":5,`, ``, 1)},
		{"expiry elsewhere", `{"expires_at":"5.0"}`, func(c *token.Token) { c.Expiry = c.Expiry.In(time.FixedZone("", 3600)) }, `{"expires_at":"5.0"}`},
		{"scope stays text", `{"scope":"a b"}`, func(c *token.Token) { c.Scopes = []string{"c", "d"} }, `{"scope":"c d"}`},
		{"scope that text cannot hold", `{"scope":"a b"}`, func(c *token.Token) { c.Scopes = []string{"c d"} }, `{"scope":["c d"]}`},
		{"duplicates", `{"x":1,"access_token":"a","y":2,"access_token":"b"}`, func(c *token.Token) { c.AccessToken = "c" }, `{"x":1,"access_token":"c","y":2}`},
		{"OAuth 1", `{"oauth_token":"a","oauth_token_secret":"s"}`, func(c *token.Token) { c.AccessToken = "b" }, `{"oauth_token":"b","oauth_token_secret":"s"}`},
		{"added", `{"x":1}`, func(c *token.Token) { c.AccessToken, c.TokenType = "a", "t" }, `{"x":1,"access_token":"a","token_type":"t"}`},
	} {
		was := read(t, test.came)
		changed := *was
		test.set(&changed)
		if got := written(t, &changed); got != test.want {
			t.Errorf("%s: got %s, want %s", test.name, got, test.want)
		}
		if got := written(t, was); got != test.came {
			t.Errorf("%s: changing a copy changed the token itself to %s", test.name, got)
		}
	}
}

func TestTokenMadeFromFields(t *testing.T) {
	t.Parallel()
	for want, tok := range map[string]token.Token{
		`{}`: {},
		`{"access_token":"a","token_type":"t","refresh_token":"r","scope":["s","u"],"expires_at":1.5}`: {AccessToken: "a", TokenType: "t", RefreshToken: "r", Scopes: []string{"s", "u"}, Expiry: time.Unix(1, 5e8)},
		`{"oauth_token":"a","oauth_token_secret":"s"}`:                                                 {AccessToken: "a", Secret: "s"},
	} {
		if got := written(t, &tok); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestExpiresAt(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Time{
		`1714982950`:                      time.Unix(1714982950, 0),
		`1714982950.0`:                    time.Unix(1714982950, 0),
		`1714982950.124457`:               time.Unix(1714982950, 124457000),
		`1714982950.1244571239`:           time.Unix(1714982950, 124457123),
		`"1714982950.5"`:                  time.Unix(1714982950, 5e8),
		`1.5e9`:                           time.Unix(1500000000, 0),
		`1.1234567895e10`:                 time.Unix(11234567895, 0),
		`"1e9"`:                           time.Unix(1000000000, 0),
		`-1.25`:                           time.Unix(-2, 75e7),
		`-0.25`:                           time.Unix(-1, 75e7),
		`253402300799`:                    time.Unix(253402300799, 0),
		`253402300800`:                    {},
		`1e30`:                            {},
		`1000000000000000000000000000000`: {},
		`0`:                               {},
		`0.0`:                             {},
		`null`:                            {},
		`true`:                            {},
		`""`:                              {},
		`"NaN"`:                           {},
		`"Infinity"`:                      {},
		`"1.+5"`:                          {},
		`"soon"`:                          {},
		`[5]`:                             {},
	} {
		got := read(t, `{"expires_at":`+text+`}`).Expiry
		if !got.Equal(want) || got.IsZero() != want.IsZero() {
			t.Errorf("%s: got %v, want %v", text, got, want.UTC())
		}
		if want.IsZero() {
			continue
		}
		again := read(t, written(t, &token.Token{Expiry: want})).Expiry
		if !again.Equal(want) {
			t.Errorf("%s: written and read it is %v", text, again)
		}
	}
}

func TestWrongInputIsAClearErrorWithoutContent(t *testing.T) {
	t.Parallel()
	const canary = "canary-fake-secret"
	for text, want := range map[string]string{
		``:                                 "token: not valid JSON",
		`null`:                             "token: want a JSON object, got null",
		`["canary-fake-secret"]`:           "token: want a JSON object, got an array",
		`"canary-fake-secret"`:             "token: want a JSON object, got a string",
		`{"access_token":17}`:              "token: member access_token: want a string, got a number",
		`{"refresh_token":{"c":[1]}}`:      "token: member refresh_token: want a string, got an object",
		`{"oauth_token":true}`:             "token: member oauth_token: want a string, got a boolean",
		`{"a":"canary-fake-secret"`:        "token: not valid JSON at byte 25",
		`{"a":"canary-fake-secret",}`:      "token: not valid JSON at byte 25",
		`{"a":canary-fake-secret}`:         "token: not valid JSON at byte 5",
		`{"scope":["a" canary-fake-secret`: "token: not valid JSON at byte 14",
		`{"a":NaN}`:                        "token: not valid JSON at byte 5",
		`{"a":1} canary-fake-secret`:       "token: more follows the JSON object",
		`{"a":1}{}`:                        "token: more follows the JSON object",
		`{1:2}`:                            "token: not valid JSON at byte 1",
	} {
		tok := token.Token{AccessToken: "as it was"}
		err := tok.UnmarshalJSON([]byte(text))
		if err == nil || err.Error() != want {
			t.Errorf("%s: got %q, want %q", text, err, want)
		}
		if err != nil && strings.Contains(err.Error(), canary) {
			t.Errorf("%s: the error shows it", text)
		}
		if tok.AccessToken != "as it was" {
			t.Errorf("%s: the token was changed", text)
		}
	}
}

func TestBytesThatJSONCannotHoldAreRefused(t *testing.T) {
	t.Parallel()
	const bad = "canary\xff"
	for member, tok := range map[string]token.Token{
		"access_token":       {AccessToken: bad},
		"token_type":         {TokenType: bad},
		"refresh_token":      {RefreshToken: bad},
		"oauth_token_secret": {Secret: bad},
		"scope":              {Scopes: []string{"a", bad}},
	} {
		_, err := tok.MarshalJSON()
		if want := "token: member " + member + " is not UTF-8, which JSON cannot hold"; err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	tok := token.Token{AccessToken: "a"}
	if _, err := tok.With(bad, 1); err == nil || strings.Contains(err.Error(), "canary") {
		t.Errorf("a member's name: got %v", err)
	}
}

// JSON is UTF-8, but not every provider's is, and not every storage keeps what is none.
func TestBytesThatAreNoUTF8AreReplaced(t *testing.T) {
	t.Parallel()
	got := new(token.Token)
	if err := got.UnmarshalJSON([]byte("{\"access_token\":\"fake\",\"na\xafme\":[\"\xff\"]}")); err != nil {
		t.Fatal(err)
	}
	b, err := got.MarshalJSON()
	if want := "{\"access_token\":\"fake\",\"na\ufffdme\":[\"\ufffd\"]}"; err != nil || string(b) != want {
		t.Errorf("got %q, %v", b, err)
	}
}
