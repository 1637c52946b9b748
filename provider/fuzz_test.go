package provider

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/waltz-oauth/waltz/token"
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

// answering is a network that answers each path with what is put there.
type answering struct {
	status int
	header http.Header
	bodies map[string][]byte
}

func (a *answering) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		_, _ = io.Copy(io.Discard, r.Body)
	}
	body := a.bodies[r.URL.Path]
	if body == nil {
		body = a.bodies[""]
	}
	return &http.Response{StatusCode: a.status, Header: a.header, Body: io.NopCloser(strings.NewReader(string(body))), Request: r}, nil
}

// asking is a client of a provider that is answering. The canaries are all that it sends.
func asking(a *answering) *Client {
	return &Client{ID: "fake-id", Secret: "fake-client-secret", HTTP: &http.Client{Transport: a}, Provider: Provider{
		Name: "fake", TokenURL: "https://provider.example/token", APIBase: "https://provider.example/",
		Userinfo:   Userinfo{URL: "https://provider.example/userinfo", EmailsURL: "https://provider.example/emails"},
		Revocation: Revocation{URL: "https://provider.example/revoke"},
		Issuer:     "https://provider.example", JWKSURL: "https://provider.example/keys",
	}}
}

// wantError checks that err is an *Error that can be printed anywhere.
func wantError(t *testing.T, err error) {
	t.Helper()
	e, ok := errors.AsType[*Error](err)
	if !ok {
		t.Fatalf("got %v", err)
	}
	for _, text := range []string{e.Error(), e.Code, e.Description} {
		if strings.Contains(text, "fake-client-secret") || strings.Contains(text, "fake-refresh") || strings.Contains(text, "fake-access") {
			t.Error("a secret is in the error")
		}
		if strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Errorf("the error is %q", text)
		}
	}
	const most = 24 * time.Hour
	if len(e.Code) > 64 || len([]rune(e.Description)) > 200 || len(e.Error()) > 1200 || e.RetryAfter < 0 || e.RetryAfter > most {
		t.Errorf("code %q, description %q, retry after %s, %d bytes in all", e.Code, e.Description, e.RetryAfter, len(e.Error()))
	}
}

// FuzzErrorAnswer refuses each call with any answer.
func FuzzErrorAnswer(f *testing.F) {
	f.Fuzz(func(t *testing.T, status uint16, retryAfter, date string, body []byte) {
		a := &answering{status: int(status%400) + 200, header: http.Header{"Retry-After": {retryAfter}, "Date": {date}}, bodies: map[string][]byte{"": body}}
		c := asking(a)
		was := &token.Token{AccessToken: "fake-access", RefreshToken: "fake-refresh"}
		if next, err := c.Refresh(t.Context(), was); err != nil {
			wantError(t, err)
		} else if a.status/100 != 2 || next.AccessToken == "" {
			t.Errorf("status %d is a token", a.status)
		}
		if err := c.Revoke(t.Context(), was); err != nil {
			wantError(t, err)
		}
		if _, err := c.Identity(t.Context(), was); err != nil {
			wantError(t, err)
		}
	})
}

// FuzzIdentity describes the account in any way.
func FuzzIdentity(f *testing.F) {
	f.Fuzz(func(t *testing.T, account, emails []byte, pointer string) {
		c := asking(&answering{status: http.StatusOK, bodies: map[string][]byte{"/userinfo": account, "/emails": emails}})
		for _, at := range []string{"", "/" + pointer} {
			c.Provider.Userinfo.ID, c.Provider.Userinfo.Email = at, at
			i, err := c.Identity(t.Context(), &token.Token{AccessToken: "fake-access"})
			if err != nil {
				wantError(t, err)
				continue
			}
			if i.Subject == "" || !json.Valid(i.Raw) && string(i.Raw) != string(account) || i.EmailVerified && i.Email == "" {
				t.Errorf("got %+v", i)
			}
		}
	})
}

// FuzzMetadata discovers any issuer. What comes of it is one that can be used, and the one asked for.
func FuzzMetadata(f *testing.F) {
	f.Fuzz(func(t *testing.T, body []byte) {
		const issuer = "https://provider.example"
		p, err := Discover(t.Context(), &http.Client{Transport: &answering{status: http.StatusOK, bodies: map[string][]byte{"": body}}}, issuer)
		if err != nil {
			wantError(t, err)
			return
		}
		if err := p.Validate(); err != nil || p.Issuer != issuer {
			t.Errorf("issuer %q, %v", p.Issuer, err)
		}
		for _, alg := range p.SigningAlgs {
			if !slices.Contains(asymmetric(), alg) {
				t.Errorf("ID tokens may be signed with %q", alg)
			}
		}
	})
}

// FuzzIDToken forges ID tokens, and the keys that are to check them: without the issuer's key, none is
// of this login, since each has the wrong nonce.
func FuzzIDToken(f *testing.F) {
	f.Fuzz(func(t *testing.T, raw, old string, keys []byte) {
		c := asking(&answering{status: http.StatusOK, bodies: map[string][]byte{"/keys": keys}})
		if c.verify(context.Background(), raw, "fake-access", "fake-nonce-of-this-login") == nil {
			t.Errorf("%q passes", raw)
		}
		if claims, err := c.claims(raw); c.succeeds(raw, old) && (err != nil || !claims.Audience.Contains(c.ID) || claims.Issuer != c.Provider.Issuer) {
			t.Errorf("%q succeeds %q", raw, old)
		}
		_, _ = c.Identity(t.Context(), &token.Token{AccessToken: "fake-access"})
	})
}
