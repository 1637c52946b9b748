package provider

import (
	"encoding/json"
	"testing"
	"time"
)

// FuzzTokenAnswer reads what a provider may send: never a panic, never a token without a value,
// and what was read can be stored and read again.
func FuzzTokenAnswer(f *testing.F) {
	for _, body := range []string{
		`{"access_token":"a","expires_in":3600,"scope":"read write","token_type":"bearer","id":1e400}`,
		`{"access_token":"a","expires_in":"1.5","expires_at":"x","scope":["a"],"access_token":"b"}`,
		`{"error":"invalid_grant","error_description":"\u0000"}`,
		`access_token=a%2Bb&scope=a%2Cb&expires_in=1`,
		`error=bad_verification_code&error_description=x`,
		` {} `, `[]`, `&`, `=`, `a=%`, "\xff", `{"access_token":"\ud800"}`,
	} {
		f.Add([]byte(body))
	}
	p := Provider{GrantedSeparator: ","}
	began := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, body []byte) {
		members, err := object(body)
		code, _ := refusal(members)
		if code != clean(code) || len(code) > 64 {
			t.Errorf("code %q", code)
		}
		if err != nil {
			return
		}
		tok, err := p.read(members, began)
		if err != nil {
			return
		}
		if tok.AccessToken == "" {
			t.Error("a token without a value")
		}
		stored, err := json.Marshal(tok)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(stored, tok); err != nil {
			t.Error(err)
		}
	})
}
