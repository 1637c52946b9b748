//go:build soak

package waltz_test

import (
	"testing"

	"github.com/waltz-oauth/waltz/internal/breaktest"
)

// TestSoakOAuth1Breaks takes each defence of OAuth 1 away, and sees the attack come through.
func TestSoakOAuth1Breaks(t *testing.T) {
	for _, d := range []taken{
		{"the callback must be confirmed", "provider/oauth1.go", `t.ExtraString("oauth_callback_confirmed") != "true"`, "false", "TestAnUnconfirmedCallbackIsRefused"},
		{"the login is that of the request token", "oauth1.go", `return once(q, "oauth_token")`, `return q.Get("oauth_token")`, "TestAttackOAuth1Parameters"},
		{"the verifier comes once", "oauth1.go", `return once(q, "oauth_verifier")`, `return q.Get("oauth_verifier")`, "TestAttackOAuth1Parameters"},
		{"a denial is one, verifier or no verifier", "provider/oauth1.go", `case q.Has("denied"), problem`, "case problem", "TestAttackOAuth1Parameters"},
		{"no verifier is a denial", "provider/oauth1.go", `q.Get("oauth_verifier") != "":`, "true:", "TestAnOAuth1DenialIsAClearOutcome"},
		{"a request token fits a cookie", "oauth1.go", "len(t.Token)+len(t.Secret) > most", "len(t.Token)+len(t.Secret) < most && false", "TestAttackOAuth1HugeRequestToken"},
		{"a verifier is sent once", "callback.go", "if !c.app.flows.spend(f) {", "if c.app.flows.spend(f); false {", "TestAttackOAuth1Replay"},
		{"no foreign host sees a signature", "client.go", `out.Header.Del("Authorization")`, "_ = t.client.Sign(out, &token.Token{})", "TestAttackOAuth1ForeignHost"},
		{"a secret is in no error of the API", "oauth1.go", "for range 3 {", "for range 0 {", "TestNoSecretOfOAuth1GetsOut"},
		{"a secret is in no error of a login", "provider/error.go", "secrets = append(secrets, c.secrets1(r.signer)...)", "_ = c.secrets1(r.signer)", "TestNoSecretOfOAuth1GetsOut"},
		{"a request token does not print", "provider/oauth1.go", `func (RequestToken) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "request token") }`, `func (r RequestToken) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, r.Secret) }`, "TestNoSecretOfOAuth1GetsOut"},
		{"a token source has no OAuth 1 tokens", "consumer.go", "if s.c.reg.Provider.OAuth1() {", "if false {", "TestATokenSourceHasNoOAuth1Tokens"},
		{"a secret is a key where it must be", "register.go", "c.client.CheckSecret(); err != nil", "c.client.CheckSecret(); false && err != nil", "TestRegisterRefusesASecretThatIsNoKey"},
	} {
		breaktest.Run(t, ".", []breaktest.Break{{Name: d.defence, File: d.file, Old: d.code, New: d.instead, Test: d.test}})
	}
}
