package waltz

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/waltz-oauth/waltz/provider"
)

// FuzzOAuth1Callback is FuzzCallback for OAuth 1: the verifier is sent only where the query is plainly the
// answer to the login under way.
func FuzzOAuth1Callback(f *testing.F) {
	const request = "fake-request"
	network := &offline{text: "oauth_token=fake-access-token&oauth_token_secret=fake-token-secret"}
	a, _ := fuzzed(f, network)
	if _, err := a.Register(Registration{Name: "one", ClientID: "id", ClientSecret: "fake-client-secret", Provider: provider.Tumblr()}); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, query string) {
		login := newFlow()
		login.State, login.Secret, login.Provider, login.Next = request, "fake-request-secret", "one", []byte("/next")
		a.flows = &flows{codec: a.flows.codec}
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/login/one/authorized", nil)
		if err := a.flows.begin(w, r, login); err != nil {
			t.Fatal(err)
		}
		r.AddCookie(w.Result().Cookies()[0])
		r.URL.RawQuery = query
		network.asked = 0
		w = httptest.NewRecorder()
		a.ServeHTTP(w, r)

		q := r.URL.Query()
		problem := q.Get("oauth_problem")
		plain := slices.Equal(q["oauth_token"], []string{request}) && len(q["oauth_verifier"]) == 1 && q.Get("oauth_verifier") != "" &&
			!q.Has("denied") && problem == "" && (!q.Has("iss") || len(q["iss"]) == 1 && q.Get("iss") != "")
		to := w.Header().Get("Location")
		if sent := network.asked == 1; sent != plain || sent != (to == "/next") || !sent && (to != "" || w.Code < 400) {
			t.Errorf("%d requests were sent, and the answer is %d %q", network.asked, w.Code, to)
		}
		unhurt(t, w, login.Secret, "fake-token-secret")
	})
}
