package provider_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz/provider"
	"github.com/waltz-oauth/waltz/token"
)

// canaries are every secret of a test: none may stand in an error.
const (
	fakeSecret   = "fake-client-secret+canary/1"
	fakeCode     = "fake-code+canary/2"
	fakeVerifier = "fake-verifier-canary-3-and-then-some-to-make-43"
	fakeRefresh  = "fake-refresh-token+canary/4"
	fakeAccess   = "fake-access-token+canary/5"
	fakeNonce    = "fake-nonce-canary-6"
)

// at is a client of a provider on s, which is what RFC 6749 says and no more.
func at(s *httptest.Server) *provider.Client {
	h := s.Client()
	h.Timeout = time.Minute // the machine may be busy
	return &provider.Client{
		Provider: provider.Provider{
			Name:             "fake",
			AuthorizationURL: s.URL + "/authorize",
			TokenURL:         s.URL + "/token",
			APIBase:          s.URL + "/api/",
			Userinfo:         provider.Userinfo{URL: s.URL + "/userinfo"},
			Revocation:       provider.Revocation{URL: s.URL + "/revoke"},
		},
		ID: "fake-id", Secret: fakeSecret,
		RedirectURI: "https://app.example/back",
		HTTP:        h,
	}
}

// serve starts a server and counts the requests to it.
func serve(t *testing.T, h http.HandlerFunc) (*provider.Client, *atomic.Int32) {
	t.Helper()
	n := new(atomic.Int32)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n.Add(1)
		h(w, r)
	}))
	t.Cleanup(s.Close)
	return at(s), n
}

// says answers every request alike.
func says(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func grant() provider.Grant {
	return provider.Grant{
		Code: fakeCode, RedirectURI: "https://app.example/back", Verifier: fakeVerifier, Nonce: fakeNonce,
		Scopes: []string{"read", "write"},
	}
}

func stored(t *testing.T, members string) *token.Token {
	t.Helper()
	var tok token.Token
	if err := tok.UnmarshalJSON([]byte(`{"access_token":"` + fakeAccess + `","refresh_token":"` + fakeRefresh + `"` + members + `}`)); err != nil {
		t.Fatal(err)
	}
	return &tok
}

// failed returns err as a *provider.Error, having looked through its text for secrets and line breaks.
func failed(t *testing.T, err error) *provider.Error {
	t.Helper()
	e, ok := errors.AsType[*provider.Error](err)
	if !ok {
		t.Fatalf("error is %v, want a *provider.Error", err)
	}
	for err := error(e); err != nil; err = errors.Unwrap(err) {
		for _, verb := range []string{"%v", "%+v", "%#v", "%q"} {
			text := fmt.Sprintf(verb, err)
			for _, secret := range []string{fakeSecret, fakeCode, fakeVerifier, fakeRefresh, fakeAccess, fakeNonce, "canary"} {
				if strings.Contains(text, secret) {
					t.Errorf("a secret stands in %s of the error: %s", verb, text)
				}
			}
			if strings.ContainsAny(text, "\r\n\x1b") {
				t.Errorf("control characters stand in %s of the error: %q", verb, text)
			}
		}
	}
	return e
}
