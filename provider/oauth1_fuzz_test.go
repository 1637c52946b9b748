package provider

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/waltz-oauth/waltz/token"
)

// FuzzOAuth1Answer begins and ends logins with any answer: never a panic, never a token without a value,
// a secret in no error, and what was read can be stored and read again.
func FuzzOAuth1Answer(f *testing.F) {
	f.Fuzz(func(t *testing.T, status uint16, header string, body []byte) {
		a := &answering{
			status: int(status%400) + 200, header: http.Header{"Www-Authenticate": {header}},
			bodies: map[string][]byte{"": body},
		}
		c := &Client{ID: "fake-id", Secret: "fake-client-secret", HTTP: &http.Client{Transport: a}, Provider: Provider{
			Name: "fake", RequestTokenURL: "https://provider.example/request", TokenURL: "https://provider.example/token", Signature: Plaintext,
		}}
		if strings.Contains(string(body)+header, "fake-access") || strings.Contains(string(body)+header, "fake-refresh") {
			return // no secrets of these calls
		}
		request, err := c.RequestToken(t.Context(), "https://app.example/back")
		if err != nil {
			wantError(t, err)
		} else if request.Token == "" || !strings.Contains(string(body), "oauth_callback_confirmed") && !strings.Contains(string(body), "%") && !strings.Contains(string(body), `\u`) {
			t.Error("a request token without a value, or for a callback that was not confirmed")
		}
		tok, err := c.Exchange(t.Context(), Grant{Code: "sent-verifier", RequestToken: RequestToken{"sent-token", "sent-secret"}})
		if err != nil {
			wantError(t, err)
			if text := err.Error(); strings.Contains(text, "sent-") {
				t.Error("what was sent is in the error")
			}
			return
		}
		if tok.AccessToken == "" || a.status/100 != 2 {
			t.Errorf("status %d is a token", a.status)
		}
		stored, err := json.Marshal(tok)
		if err != nil {
			t.Fatal(err)
		}
		var again token.Token
		if err := json.Unmarshal(stored, &again); err != nil || again.AccessToken != tok.AccessToken || again.Secret != tok.Secret {
			t.Errorf("what was stored is another token, %v", err)
		}
	})
}
