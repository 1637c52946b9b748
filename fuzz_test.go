package waltz

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/waltz-oauth/waltz/provider"
	"github.com/waltz-oauth/waltz/token"
)

// What follows is given what strangers have in their hands.

// offline answers every request with the same text, and counts them.
type offline struct {
	text  string
	asked int
}

func (o *offline) RoundTrip(r *http.Request) (*http.Response, error) {
	o.asked++
	if r.Body != nil {
		_, _ = io.Copy(io.Discard, r.Body)
	}
	return &http.Response{StatusCode: http.StatusOK, Header: make(http.Header), Body: io.NopCloser(strings.NewReader(o.text)), Request: r}, nil
}

// fuzzed is an application that sends nothing anywhere, and its consumer.
func fuzzed(f *testing.F, network http.RoundTripper) (*App, *Consumer) {
	f.Helper()
	a, err := New(Config{
		Secret: oneSecret, BaseURL: "https://app.example", HTTPClient: &http.Client{Transport: network}, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		f.Fatal(err)
	}
	c, err := a.Register(Registration{ClientID: "id", ClientSecret: "fake-client-secret", Provider: provider.Provider{
		Name: "test", AuthorizationURL: "https://provider.example/authorize", TokenURL: "https://provider.example/token", APIBase: "https://api.example/v1/",
	}})
	if err != nil {
		f.Fatal(err)
	}
	return a, c
}

// FuzzCallback comes back from the provider with any query. The code is sent only where the query is
// plainly the answer to the login under way.
func FuzzCallback(f *testing.F) {
	const state = "fake-state"
	network := &offline{text: `{"access_token":"fake-access-token","token_type":"Bearer"}`}
	a, _ := fuzzed(f, network)
	f.Fuzz(func(t *testing.T, query string) {
		login := newFlow()
		login.State, login.Provider, login.Redirect, login.Next = state, "test", "https://app.example/login/test/authorized", []byte("/next")
		a.flows = &flows{codec: a.flows.codec}
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/login/test/authorized", nil)
		if err := a.flows.begin(w, r, login); err != nil {
			t.Fatal(err)
		}
		r.AddCookie(w.Result().Cookies()[0])
		r.URL.RawQuery = query
		network.asked = 0
		w = httptest.NewRecorder()
		a.ServeHTTP(w, r)

		q := r.URL.Query()
		plain := slices.Equal(q["state"], []string{state}) && len(q["code"]) == 1 && q["code"][0] != "" && len(q["error"]) == 0 &&
			(!q.Has("iss") || len(q["iss"]) == 1 && q.Get("iss") != "")
		to := w.Header().Get("Location")
		if sent := network.asked == 1; sent != plain || sent != (to == "/next") || !sent && (to != "" || w.Code < 400) {
			t.Errorf("%d requests were sent, and the answer is %d %q", network.asked, w.Code, to)
		}
		unhurt(t, w, login.Verifier, login.Nonce)
	})
}

// unhurt checks that an answer has no secret, and no markup or header of a stranger's.
func unhurt(t *testing.T, w *httptest.ResponseRecorder, secrets ...string) {
	t.Helper()
	for name, values := range w.Header() {
		for _, value := range values {
			if strings.ContainsAny(value, "\r\n\x00") {
				t.Errorf("%s is %q", name, value)
			}
		}
	}
	for _, secret := range append(secrets, "fake-access-token", "fake-client-secret", oneSecret) {
		if strings.Contains(w.Body.String(), secret) || strings.Contains(w.Header().Get("Location"), secret) {
			t.Error("a secret is in the answer")
		}
	}
	if body := strings.ToLower(w.Body.String()); strings.Contains(body, "<script") || strings.Contains(body, "<img") || strings.Contains(body, "javascript:") {
		t.Errorf("markup is in the answer: %s", body)
	}
}

// ended is a login of a year ago, sealed under oneSecret.
const ended = "waltz-login-gcWNb2fC4rmsmzHa=AfYa25JeiIgi6QxOWxpk6VyI80PCMhoXFGuOxBUcqtSVqloou327KPgKTIKX85Fe7ufH0V2NONBrUWzAuFD1ZSFDxRA" +
	"euzELhBSLyJyhciUEAdv68NYTHAI2JipfsgjPTkqrB3LZmjbt6v-_6pp9QzYJTTH-BNhBOoDTRiWBMa3g_ndeUQpFp0zjJmVTkbofhRo-ioJ-IeeGCQ"

func TestACookieOfAnEndedLoginIsToldFromJunk(t *testing.T) {
	t.Parallel()
	name, value, _ := strings.Cut(ended, "=")
	if err := resumed(t, newFlows(t, true, oneSecret), "fake-state", &http.Cookie{Name: name, Value: value}); !errors.Is(err, ErrStateExpired) {
		t.Errorf("got %v", err)
	}
}

// FuzzFlowCookie sends any cookies with any state. None opens but the one that was set, whose time is
// over.
func FuzzFlowCookie(f *testing.F) {
	s := newFlows(f, true, oneSecret)
	_, value, _ := strings.Cut(ended, "=") // which may come in quotes
	f.Fuzz(func(t *testing.T, cookies, state string) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.Header["Cookie"] = []string{cookies}
		login, err := s.resume(httptest.NewRecorder(), r, state)
		genuine := strings.Contains(cookies, value) && state == "fake-state"
		if login.State != "" || !errors.Is(err, ErrState) && (!genuine || !errors.Is(err, ErrStateExpired)) {
			t.Errorf("resumed %q, %v", login.State, err)
		}
		for _, login := range s.underWay(r) {
			if login.State != "fake-state" {
				t.Errorf("%q is under way", login.State)
			}
		}
	})
}

// FuzzFormPost posts any form to the callback. It comes back as a GET of the same path, with the same
// answer and nothing else.
func FuzzFormPost(f *testing.F) {
	a, _ := fuzzed(f, &offline{})
	f.Fuzz(func(t *testing.T, form string) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/login/test/authorized?code=fake-other&state=fake-other", strings.NewReader(form))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		a.ServeHTTP(w, r)
		unhurt(t, w)
		want, err := url.ParseQuery(form)
		if w.Code == http.StatusBadRequest {
			if err == nil && len(form) <= 6<<10 {
				t.Errorf("%q is refused", form)
			}
			return
		}
		to, errTo := url.Parse(w.Header().Get("Location"))
		if w.Code != http.StatusSeeOther || errTo != nil || to.Host != "" || to.Path != "/login/test/authorized" || to.Fragment != "" {
			t.Fatalf("%q leads to %d %v", form, w.Code, to)
		}
		got := to.Query()
		for _, name := range []string{"state", "iss", "code", "error", "error_description"} {
			if !slices.Equal(got[name], want[name]) {
				t.Errorf("%s is %q, want %q", name, got[name], want[name])
			}
			delete(got, name)
		}
		if len(got) > 0 {
			t.Errorf("%q came along", got)
		}
	})
}

// leading is a network where one address leads to another, and that one to a third.
type leading struct {
	provider provider.Provider
	t        *testing.T
	to       []string
}

func (l *leading) RoundTrip(r *http.Request) (*http.Response, error) {
	resp := &http.Response{StatusCode: http.StatusOK, Header: make(http.Header), Body: http.NoBody, Request: r}
	if told := r.Header.Get("Authorization") != ""; told && !l.provider.MaySee(r.URL) {
		l.t.Errorf("%s was sent the token", r.URL)
	}
	if len(l.to) > 0 {
		resp.StatusCode = http.StatusTemporaryRedirect
		resp.Header.Set("Location", l.to[0])
		l.to = l.to[1:]
	}
	return resp, nil
}

// FuzzRedirect has the API lead the client anywhere, twice.
func FuzzRedirect(f *testing.F) {
	_, c := fuzzed(f, &offline{})
	f.Fuzz(func(t *testing.T, first, second string) {
		network := &leading{c.reg.Provider, t, []string{first, second}}
		client := http.Client{Transport: &transport{ctx: t.Context(), provider: &c.reg.Provider, client: &provider.Client{}, source: fixed{&token.Token{AccessToken: "fake-access-token"}}, base: network}}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "/start", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := client.Do(r)
		if err != nil {
			if strings.Contains(err.Error(), "fake-access-token") {
				t.Error("the token is in the error")
			}
			return
		}
		_ = resp.Body.Close()
	})
}
