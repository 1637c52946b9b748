package provider

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"slices"
	"strings"
)

// CallbackError returns the error that the provider sent to the redirect URI in place of a code, an
// [*Error] (RFC 6749 section 4.1.2.1), and nil where q has none. A person who said no is Refused,
// with code "access_denied"; in OAuth 1, which has no word for it, that is an answer without a verifier.
// Where the provider signs its callbacks (CallbackMAC), one that it has not signed is Refused, with
// code "unsigned_callback".
func (c *Client) CallbackError(q url.Values) error {
	if c.Provider.OAuth1() {
		return c.callbackError1(q)
	}
	if c.Provider.CallbackMAC != "" && !c.callbackSigned(q) {
		return &Error{Op: "authorize", Provider: c.Provider.Name, Kind: Refused, Code: "unsigned_callback"}
	}
	if !q.Has("error") {
		return nil
	}
	sent := request{secrets: []string{q.Get("state"), q.Get("code")}}
	e := &Error{
		Op:          "authorize",
		Provider:    c.Provider.Name,
		Kind:        Misconfigured,
		Code:        c.hide(sent, codeOf(q.Get("error"))),
		Description: c.hide(sent, q.Get("error_description")),
	}
	switch e.Code {
	case "access_denied":
		e.Kind = Refused
	case "server_error", "temporarily_unavailable":
		e.Kind = Doubtful
	}
	return e
}

// callbackSigned reports whether q has the HMAC-SHA256 of its other parameters, sorted and not escaped, under the
// client's secret.
func (c *Client) callbackSigned(q url.Values) bool {
	if c.Secret == "" { // anybody could sign with that
		return false
	}
	var all []string
	for name, values := range q {
		if len(values) != 1 {
			return false
		}
		if name != c.Provider.CallbackMAC {
			all = append(all, name+"="+values[0])
		}
	}
	slices.Sort(all)
	mac := hmac.New(sha256.New, []byte(c.Secret))
	mac.Write([]byte(strings.Join(all, "&")))
	sent, err := hex.DecodeString(q.Get(c.Provider.CallbackMAC))
	return err == nil && hmac.Equal(sent, mac.Sum(nil))
}
