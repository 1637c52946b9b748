package gorilla_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/gorilla/sessions"

	"github.com/waltz-oauth/waltz/internal/benchtest"
	"github.com/waltz-oauth/waltz/storage/sessionstore"
	"github.com/waltz-oauth/waltz/storage/sessionstore/gorilla"
	"github.com/waltz-oauth/waltz/storage/sessionstore/internal/sessiontest"
	"github.com/waltz-oauth/waltz/token"
)

// A CookieStore encodes what it encrypted as base64 twice. So the session storage's cookie, which holds the
// whole record, is smaller than one that holds the token's JSON and nothing else.
func TestSessionCookieIsSmallerThanACookieStores(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"typical":    string(benchtest.Token),
		"no refresh": `{"access_token":"fake-` + strings.Repeat("x", 35) + `","token_type":"bearer","scope":"repo,user:email"}`,
	} {
		tok := new(token.Token)
		if err := tok.UnmarshalJSON([]byte(text)); err != nil {
			t.Fatal(err)
		}
		own, err := sessionstore.New(sessionstore.Config{Secrets: []string{"fake-secret-of-32-bytes-or-more-0"}})
		if err != nil {
			t.Fatal(err)
		}
		r := token.New(tok)
		set := func(s token.Storage) func(http.ResponseWriter, *http.Request) error {
			return func(_ http.ResponseWriter, req *http.Request) error { return s.Set(req.Context(), alice, r) }
		}
		ours := cookieBytes(t, own.Middleware, set(own))
		store := sessions.NewCookieStore(authentication, encryption)
		adapter := gorilla.New(store, "waltz")
		inSession := cookieBytes(t, adapter.Middleware, set(adapter))
		byHand := cookieBytes(t, unchanged, func(w http.ResponseWriter, req *http.Request) error {
			session := sessions.NewSession(store, "waltz")
			plain, err := tok.MarshalJSON()
			if err != nil {
				return err
			}
			session.Options, session.Values["token"] = store.Options, string(plain)
			return store.Save(req, w, session)
		})
		t.Logf("%s: %d bytes of cookie; %d in a session of gorilla's, %d for the token alone", name, ours, inSession, byHand)
		if ours >= byHand || ours >= inSession {
			t.Errorf("%s: %d bytes of cookie, want fewer than %d and %d", name, ours, inSession, byHand)
		}
	}
}

func unchanged(h http.Handler) http.Handler { return h }

// cookieBytes returns how much of a request's header the cookies take that h sets.
func cookieBytes(t *testing.T, around func(http.Handler) http.Handler, h func(http.ResponseWriter, *http.Request) error) (n int) {
	t.Helper()
	resp := do(t, sessiontest.NewBrowser(t, true, around), h)
	for _, c := range resp.Cookies() {
		n += len(c.Name) + len("=") + len(c.Value)
	}
	if n == 0 {
		t.Error("no cookie was set")
	}
	return n
}
