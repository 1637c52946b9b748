package flaskdance

import (
	"encoding/base64"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz/token"
)

// No cookie opens that nobody signed, and what reads as a session comes back when it is written, token
// by token.
func FuzzCookie(f *testing.F) {
	s := newSigner("fake-secret", []string{"fake-fallback"})
	now := time.Unix(1_714_979_289, 0)
	for _, v := range cookieVectors(f) {
		f.Add(v.Inputs.Cookie)
		f.Add(v.Expected.Payload)
		f.Add(base64.RawURLEncoding.EncodeToString([]byte(v.Expected.Payload)))
	}
	f.Fuzz(func(t *testing.T, text string) {
		if _, ok := s.open(text, now, time.Hour); ok {
			t.Error("a cookie opens that nobody signed")
		}
		all, err := sessionMembers(text)
		if err != nil {
			return
		}
		payload, ok := s.open(s.sign(wrapped(all), now), now, time.Hour)
		if again, err := sessionMembers(payload); !ok || err != nil || !reflect.DeepEqual(again, all) {
			t.Errorf("%q does not come back: %v", all, err)
		}
		for _, m := range all {
			plain, err := untag(m.value)
			if err != nil {
				t.Fatalf("%q was taken for a member, and is not one: %v", m.value, err)
			}
			tagged, err := retag(plain)
			if err != nil {
				t.Fatalf("%q cannot be written: %v", plain, err)
			}
			if back, err := untag(tagged); err != nil || !equal(t, back, plain) {
				t.Errorf("%q became %q, %v", plain, back, err)
			}
			comesBack(t, plain)
		}
	})
}

// What reads as a row's token comes back when it is written.
func FuzzRow(f *testing.F) {
	for _, seed := range []string{
		`null`, `{}`, `{"access_token":"a","expires_in":3600,"expires_at":1714982950.124457}`, `{"_waltz":{}}`,
		`{"oauth_token":"a","oauth_token_secret":"s","_waltz":1,"_waltz":{"grant":"g","of":"x"}}`, `{"\u005fwaltz":{"generation":-1},"a":"\ud800"}`,
		`{"access_token":"a","_waltz":{"of":"","until":1e300,"state":"in doubt"}}`, `[{"access_token":"a"}]`,
	} {
		f.Add(seed)
	}
	whole := token.New(&token.Token{AccessToken: "a", RefreshToken: "r", Expiry: time.Unix(1_714_979_289, 5000)})
	whole.Generation, whole.State, whole.Reason, whole.Subject = 7, token.Reauthorize, "invalid_grant", "s"
	text, err := encode(whole, newMember("write", quote("w")))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Fuzz(comesBack)
}

func comesBack(t *testing.T, text string) {
	r, err := decode(text)
	if err != nil {
		return
	}
	was := form(t, r)
	once, err := encode(r)
	if err != nil {
		t.Fatalf("%q was read and cannot be written: %v", text, err)
	}
	if strings.ContainsFunc(once, func(c rune) bool { return c > 127 }) {
		t.Errorf("%q is not ASCII", once)
	}
	back, err := decode(once)
	if err != nil || !equal(t, form(t, back), was) {
		t.Errorf("%q became %q, %v", text, once, err)
	}
	if bare, ok := plain(r); ok {
		if back, err := decode(bare); err != nil || !equal(t, form(t, back), was) {
			t.Errorf("%q became %q without notes, %v", text, bare, err)
		}
	}
}

func form(t *testing.T, r token.Record) string {
	t.Helper()
	b, err := r.AppendJSON(nil)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
