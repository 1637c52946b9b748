//go:build soak

package provider_test

import "testing"

// TestSoakOAuth1Breaks takes away what makes a signature the one that the provider computes, and what an answer
// must have.
func TestSoakOAuth1Breaks(t *testing.T) {
	without(t, []taken{
		{"parameters are sorted by name, then value", "oauth1sign.go", "cmp.Or(strings.Compare(a.name, b.name), strings.Compare(a.value, b.value))", "strings.Compare(a.name, b.name)", "TestTheBaseStringIsThatOfTheRFC"},
		{"a form is signed", "oauth1sign.go", `u.RawQuery+"&"+form`, `u.RawQuery`, "TestTheBaseStringIsThatOfTheRFC"},
		{"a form is one whatever else its type says", "oauth1sign.go", "kind != formType", `kind != r.Header.Get("Content-Type") || kind != formType`, "TestABodyIsSignedIfItIsAForm"},
		{"a form is sent that was read", "oauth1sign.go", "r.Body, _ = r.GetBody()", "", "TestABodyIsSignedIfItIsAForm"},
		{"a port that goes without saying is not signed", "oauth1sign.go", `strings.TrimSuffix(host, ":80")`, "host", "TestTheBaseURIIsInOneSpelling"},
		{"an account's secret signs", "oauth1sign.go", "s.Sign(t.Secret, base)", `s.Sign("", base)`, "TestEveryPresetDances"},
		{"OAuth 1 has nothing of OAuth 2", "validate.go", "p.OAuth1() && !p.validOAuth1()", "false", "TestOAuth1HasNothingOfOAuth2BesideIt"},
	})
}
