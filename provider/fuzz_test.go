package provider

import (
	"encoding/json"
	"testing"
	"time"
)

// FuzzTokenAnswer reads what a provider may send: never a panic, never a token without a value,
// and what was read can be stored and read again.
func FuzzTokenAnswer(f *testing.F) {
	p := Provider{GrantedSeparator: ","}
	began := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, body []byte) {
		members, err := object(body)
		code, _ := new(Provider).refusal(members)
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
