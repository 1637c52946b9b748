package canarytest

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"testing"
)

// TestSecretsAreFound plants one of each kind, in each form and in part, and has it found.
func TestSecretsAreFound(t *testing.T) {
	t.Parallel()
	for _, secret := range []string{
		"fake-access-7KQ2MXLVE3YZT5WNHR4ABCDPGJ", "fake-code-AB2CDEFGHIJKLMNOPQRSTUVWXY", `fake-secret-Zq8+/&="\<é>7RkW2v`,
		"WVXY7ZKLMNOPQRSTUVWXYZ234567ABCDEFGHIJKLMNOPQRSTUVW", "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJlLW9mLWEtdG9rZW4",
	} {
		var c Set
		c.Add("planted", secret)
		if name, _ := c.Find("fake-access- eyJhbGciOiJSUzI1NiJ9 nothing is planted here, and fake-secret- is no secret"); name != "" {
			t.Errorf("%q is found where it is not", secret)
		}
		planted := []string{
			secret, fmt.Sprintf("%q", secret), url.Values{"a": {secret}}.Encode(), fmt.Sprintf("%x", secret),
			base64.StdEncoding.EncodeToString([]byte("id:" + secret)), base64.RawURLEncoding.EncodeToString([]byte("ab" + secret)),
		}
		for _, form := range forms(random(secret)) {
			planted = append(planted, form, form[:few], form[3:3+some])
		}
		for _, form := range planted {
			if name, _ := c.Find("before " + form + " after"); name != "planted" {
				t.Errorf("%q is not found in %q", secret, form)
			}
		}
	}
}
