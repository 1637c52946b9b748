package waltz_test

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// canaries are secrets that are looked for where none must be: whole, in part, and in the encodings
// that what is printed, sent and escaped comes in.
type canaries struct {
	mu    sync.Mutex
	names map[string]string // of pieces of canaries: whose they are
}

// Of a canary's beginning few characters are too many, and of the rest some more. The secrets of these
// tests are random, so that they do not come about by chance.
const few, some = 8, 12

// add makes secret a canary, if it is not one. What it has in common with others of its kind, such as
// "fake-access-" or the header of an ID token, is left out.
func (c *canaries) add(name, secret string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.names == nil {
		c.names = make(map[string]string)
	}
	secret = random(secret)
	for _, form := range forms(secret) {
		for i := 0; i+some <= len(form); i++ {
			c.names[form[i:i+some]] = name
		}
	}
	for form := dump(secret); len(form) >= 2*some; form = form[1:] { // a byte is two characters
		c.names[form[:2*some]] = name
	}
	for _, form := range forms(secret) {
		c.names[form[:min(few, len(form))]] = name
	}
}

// random is the part of a secret that no other has.
func random(secret string) string {
	if parts := strings.Split(secret, "."); len(parts) == 3 { // an ID token, whose signature is as good as random
		return parts[2]
	}
	if rest, ours := strings.CutPrefix(secret, "fake-"); ours {
		if _, rest, ok := strings.Cut(rest, "-"); ok {
			return rest
		}
	}
	return secret
}

// forms are s and what becomes of it on its way to a page, an address, a header or a log. Of base64
// there are as many as s can begin in the middle of.
func forms(s string) []string {
	all := []string{s, url.QueryEscape(s), url.PathEscape(s), strings.Trim(strconv.Quote(s), `"`), strings.Trim(strconv.QuoteToASCII(s), `"`), strings.ToLower(s), strings.ToUpper(s)}
	for i := range min(3, len(s)) {
		all = append(all, base64.StdEncoding.EncodeToString([]byte(s[i:])), base64.URLEncoding.EncodeToString([]byte(s[i:])))
	}
	return append(all, reversed(s))
}

// dump is what a debugger makes of s.
func dump(s string) string { return hex.EncodeToString([]byte(s)) }

func reversed(s string) string {
	b := []byte(s)
	for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
		b[i], b[j] = b[j], b[i]
	}
	return string(b)
}

// find names a canary that is in text, and says what is before it; "" where there is none.
func (c *canaries) find(text string) (name, before string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range text {
		for _, n := range []int{few, some, 2 * some} {
			if name, found := c.names[text[i:min(i+n, len(text))]]; found {
				return name, text[max(0, i-60):i]
			}
		}
	}
	return "", ""
}

// TestCanariesAreFound plants one of each kind, in each form and in part, and has it found.
func TestCanariesAreFound(t *testing.T) {
	t.Parallel()
	for _, secret := range []string{
		"fake-access-7KQ2MXLVE3YZT5WNHR4ABCDPGJ", "fake-code-AB2CDEFGHIJKLMNOPQRSTUVWXY", `fake-secret-Zq8+/&="\<é>7RkW2v`,
		"WVXY7ZKLMNOPQRSTUVWXYZ234567ABCDEFGHIJKLMNOPQRSTUVW", "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJlLW9mLWEtdG9rZW4",
	} {
		var c canaries
		c.add("planted", secret)
		if name, _ := c.find("fake-access- eyJhbGciOiJSUzI1NiJ9 nothing is planted here, and fake-secret- is no secret"); name != "" {
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
			if name, _ := c.find("before " + form + " after"); name != "planted" {
				t.Errorf("%q is not found in %q", secret, form)
			}
		}
	}
}
