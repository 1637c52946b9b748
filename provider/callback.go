package provider

import "net/url"

// CallbackError returns the error that the provider sent to the redirect URI in place of a code, an
// [*Error] (RFC 6749 section 4.1.2.1), and nil where q has none. A person who said no is Refused,
// with code "access_denied"; in OAuth 1, which has no word for it, that is an answer without a verifier.
func (c *Client) CallbackError(q url.Values) error {
	if c.Provider.OAuth1() {
		return c.callbackError1(q)
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
