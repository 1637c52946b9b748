package token_test

import (
	"testing"

	"github.com/waltz-oauth/waltz/token"
)

// What reads as a token means the same when written, is written the same ever after, and takes a
// field that is set without losing the rest.
func FuzzTokenJSON(f *testing.F) {
	for _, seed := range []string{
		`{}`,
		`{"access_token":"a","token_type":"bearer","expires_in":3600,"expires_at":1714982950.124457,"scope":["a","b"]}`,
		`{"oauth_token":"a","oauth_token_secret":"s","scope":"a b"}`,
		`{ "\ud800" : 1e-07 , "x" : 10000000000000000000000000000000 , "x" : [ { "y" : "\u0000 z" } ] }`,
		`{"expires_at":"-0.5e3","access_token":null}`,
		`{"a":NaN}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var tok token.Token
		if tok.UnmarshalJSON(data) != nil {
			return
		}
		once, err := tok.MarshalJSON()
		if err != nil {
			t.Fatalf("%q was read and not written: %v", data, err)
		}
		if values(t, string(once)) != values(t, string(data)) {
			t.Fatalf("%q became %q", data, once)
		}
		var back token.Token
		if err := back.UnmarshalJSON(once); err != nil {
			t.Fatalf("%q was written and not read: %v", once, err)
		}
		if twice, err := back.MarshalJSON(); err != nil || string(twice) != string(once) {
			t.Fatalf("%q became %q, %v", once, twice, err)
		}
		changed := tok
		changed.RefreshToken = "set"
		b, err := token.Record{Token: &changed}.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		var r token.Record
		if err := r.UnmarshalJSON(b); err != nil {
			t.Fatalf("%q was written and not read: %v", b, err)
		}
		if r.Token.RefreshToken != "set" || r.Token.AccessToken != tok.AccessToken || !r.Token.Expiry.Equal(tok.Expiry) {
			t.Fatalf("%q became %q", data, b)
		}
	})
}
