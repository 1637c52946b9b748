package provider

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Error is a failed call. It has no secret in it: what the provider said is cut, and cleaned of
// control characters and of what was sent.
type Error struct {
	Op          string // "request token", "authorize", "exchange", "refresh", "revoke", "identity", "discover", "push", "device", "client credentials", "logout"
	Provider    string // its name
	Kind        Kind
	Code        string        // RFC 6749 section 5.2: "invalid_grant"; "" where none came
	Description string        // the provider's prose, at most 200 characters, for people; never for a log line as it is
	Status      int           // of the HTTP answer; 0: none came
	RetryAfter  time.Duration // from the answer's Retry-After, at most a day; 0: none named
	Err         error
}

// Error says which call failed and how, without the provider's prose.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "provider %q: %s: %s", e.Provider, e.Op, e.Kind)
	if e.Code != "" {
		fmt.Fprintf(&b, ": %s", clean(e.Code))
	}
	if e.Status != 0 {
		fmt.Fprintf(&b, " (status %d)", e.Status)
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	return b.String()
}

// Unwrap returns what the network or the reader of the answer said; [errors.Is] and [errors.As]
// find what is behind that too.
func (e *Error) Unwrap() error { return e.Err }

// Kind says what a failed call means for the grant.
type Kind uint8

// The kinds of failure. Identity and Discover spend nothing, so that theirs says little: Refused is
// an access token that is not accepted.
const (
	Doubtful      Kind = iota // sent and not answered, or answered with 5xx or nonsense: what was spent may be spent
	Unsent                    // never sent (address, connection, TLS): nothing was spent
	Limited                   // refused for now (429), see RetryAfter: nothing was spent
	Refused                   // the provider refuses this grant or code: invalid_grant
	Misconfigured             // the registration is wrong: invalid_client, redirect URI, scope
)

func (k Kind) String() string {
	if names := []string{"doubtful", "unsent", "limited", "refused", "misconfigured"}; int(k) < len(names) {
		return names[k]
	}
	return "kind " + strconv.Itoa(int(k))
}

// fail is the error of r, to which no answer came.
func (c *Client) fail(r request, kind Kind, err error) *Error {
	return &Error{Op: r.op, Provider: c.Provider.Name, Kind: kind, Err: c.cause(r, err)}
}

// doubt is the error of r, whose answer cannot be read.
func (c *Client) doubt(r request, a *answer, err error) *Error {
	e := c.refuse(r, a, "", "")
	if e.Kind != Limited {
		e.Kind = Doubtful
	}
	e.Err = c.cause(r, err)
	return e
}

// refuse is the error of r whose answer says no, perhaps with a code.
func (c *Client) refuse(r request, a *answer, code, prose string) *Error {
	return &Error{
		Op: r.op, Provider: c.Provider.Name, Kind: classify(a.status, code),
		Code: c.hide(r, code), Description: c.hide(r, prose), Status: a.status, RetryAfter: retryAfter(a.header),
	}
}

// invalidGrant is RFC 6749's code for a grant that is dead, or never was (section 5.2).
const invalidGrant = "invalid_grant"

// classify reads the kind off an answer of a token or revocation endpoint. Only a code marks a grant
// as dead, and not when the provider is broken: a page that some proxy put there has none.
func classify(status int, code string) Kind {
	switch {
	case status == http.StatusTooManyRequests:
		return Limited
	case status >= 500:
		return Doubtful
	}
	switch code {
	case invalidGrant,
		"bad_verification_code", "bad_refresh_token": // GitHub's
		return Refused
	case "invalid_client", "unauthorized_client", "invalid_request", "unsupported_grant_type", "invalid_scope",
		"redirect_uri_mismatch", "incorrect_client_credentials": // GitHub's
		return Misconfigured
	case "":
		if status == http.StatusUnauthorized || status == http.StatusForbidden {
			return Misconfigured
		}
	}
	return Doubtful
}

// retryAfter reads seconds or a date (RFC 9110 section 10.2.3), which is one of the answerer's clock.
func retryAfter(h http.Header) time.Duration {
	const most = 24 * time.Hour
	v := strings.TrimSpace(h.Get("Retry-After"))
	if seconds, err := strconv.ParseUint(v, 10, 64); err == nil || errors.Is(err, strconv.ErrRange) {
		return time.Duration(min(seconds, uint64(most/time.Second))) * time.Second
	}
	at, err := http.ParseTime(v)
	if err != nil {
		return 0
	}
	now, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		now = time.Now()
	}
	return min(max(at.Sub(now), 0), most)
}

// cause is an error as it may be printed. It answers for the one behind it without handing it to
// those who print a chain: net/http quotes what a provider sent, which may repeat what it was sent. Nor
// does fmt find it there, which goes through all fields where a verb is not for errors, such as %d.
type cause struct {
	text   string
	behind func() error
}

func (e *cause) Error() string        { return e.text }
func (e *cause) Is(target error) bool { return errors.Is(e.behind(), target) }
func (e *cause) As(target any) bool   { return errors.As(e.behind(), target) }

func (c *Client) cause(r request, err error) error {
	if sent, ok := errors.AsType[*url.Error](err); ok {
		err = sent.Err // its URL may have a secret in its query
	}
	return &cause{c.hide(r, err.Error()), func() error { return err }}
}

// hide cleans s, and takes out of it what the call must keep to itself.
func (c *Client) hide(r request, s string) string {
	secrets := append(slices.Clone(r.secrets), c.Secret, strings.TrimPrefix(r.credentials, "Basic "), strings.TrimPrefix(r.credentials, "Bearer "))
	if r.signer != nil {
		secrets = append(secrets, c.secrets1(r.signer)...)
	}
	slices.SortFunc(secrets, func(a, b string) int { return len(b) - len(a) }) // one may be part of another
	for _, secret := range secrets {
		if secret != "" {
			s = strings.NewReplacer(secret, "…", url.QueryEscape(secret), "…").Replace(s)
		}
	}
	return clean(s)
}

// clean makes what a provider said fit for one line: no control characters, at most 200 characters.
func clean(s string) string {
	const most = 200
	runes := []rune(strings.ToValidUTF8(s, "\uFFFD"))
	if len(runes) > most {
		runes = append(runes[:most-1], '…')
	}
	for i, r := range runes {
		if !unicode.IsPrint(r) {
			runes[i] = ' '
		}
	}
	return string(runes)
}
