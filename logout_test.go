package waltz_test

import (
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/waltz-oauth/waltz"
	"github.com/waltz-oauth/waltz/provider"
	"github.com/waltz-oauth/waltz/storage/memstore"
	"github.com/waltz-oauth/waltz/token"
)

// leaving is a consumer of a provider that can end a session at p, whose application lives at base.
func leaving(t *testing.T, p provider.Provider, base string) *waltz.Consumer {
	t.Helper()
	app, err := waltz.New(waltz.Config{Secret: "fake-secret-of-32-bytes-or-more-0123456789", Storage: memstore.New(), Site: true, BaseURL: base})
	if err != nil {
		t.Fatal(err)
	}
	c, err := app.Register(waltz.Registration{Provider: p, ClientID: "fake-id", Public: true})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func somewhere() provider.Provider {
	return provider.Provider{
		Name: "op", AuthorizationURL: "https://op.example/authorize", TokenURL: "https://op.example/token", EndSessionURL: "https://op.example/end?x=1",
	}
}

func TestLogoutNamesTheSessionAndTheWayBack(t *testing.T) {
	t.Parallel()
	c := leaving(t, somewhere(), "https://app.example/below")
	want := url.Values{"x": {"1"}, "client_id": {"fake-id"}, "post_logout_redirect_uri": {"https://app.example/below/bye?a=1"}, "state": {"s & t"}}
	check := func() {
		t.Helper()
		got, err := c.LogoutURL(t.Context(), "/bye?a=1", "s & t")
		if err != nil || got != "https://op.example/end?"+want.Encode() {
			t.Errorf("%s, %v", got, err)
		}
	}
	check()
	tok, err := (&token.Token{AccessToken: "fake-access"}).With("id_token", "fake-id-token")
	if err == nil {
		err = c.Save(t.Context(), tok)
	}
	if err != nil {
		t.Fatal(err)
	}
	want.Set("id_token_hint", "fake-id-token")
	check()
	want.Del("post_logout_redirect_uri")
	want.Del("state")
	if got, err := c.LogoutURL(t.Context(), "", ""); err != nil || got != "https://op.example/end?"+want.Encode() {
		t.Errorf("%s, %v", got, err)
	}
}

// logOut is the program of docs/logging-out.md.
func logOut(login *waltz.Consumer) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		to, err := login.LogoutURL(r.Context(), "/goodbye", "")
		if err != nil {
			http.Error(w, "you are still logged in at the provider", http.StatusBadGateway)
			return
		}
		if err := login.Disconnect(r.Context()); err != nil {
			slog.Warn("a token may live on", "error", err)
		}
		http.Redirect(w, r, to, http.StatusSeeOther)
	}
}

func TestAButtonLogsOutAtTheProviderToo(t *testing.T) {
	t.Parallel()
	c := leaving(t, somewhere(), "https://app.example")
	w := httptest.NewRecorder()
	logOut(c)(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/logout", nil))
	to, err := url.Parse(w.Header().Get("Location"))
	if err != nil || to.Host != "op.example" || to.Query().Get("post_logout_redirect_uri") != "https://app.example/goodbye" {
		t.Errorf("%d to %s", w.Code, to)
	}
}

func TestLogoutRefusesWhatCannotBe(t *testing.T) {
	t.Parallel()
	c := leaving(t, somewhere(), "https://app.example")
	for _, back := range []string{"//evil.example", "https://evil.example", `/\evil.example`, "bye"} {
		if got, err := c.LogoutURL(t.Context(), back, ""); err == nil {
			t.Errorf("%s leads back by %s", back, got)
		}
	}
	if _, err := c.LogoutURL(t.Context(), "", "state"); err == nil {
		t.Error("a state without a way back is let through")
	}
	if _, err := leaving(t, somewhere(), "").LogoutURL(t.Context(), "/bye", ""); !errors.Is(err, waltz.ErrBaseURL) {
		t.Errorf("without a base: %v", err)
	}
	p := somewhere()
	p.EndSessionURL = ""
	if _, err := leaving(t, p, "").LogoutURL(t.Context(), "", ""); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("a provider without: %v", err)
	}
}

// TestLogoutAsksDiscovery has a preset, which knows the issuer and not where sessions end.
func TestLogoutAsksDiscovery(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	end := server.URL + "/end"
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"issuer":"` + server.URL + `","end_session_endpoint":"` + end + `"}`))
	})
	p := somewhere()
	p.EndSessionURL, p.Issuer = "", server.URL
	c := leaving(t, p, "")
	if got, err := c.LogoutURL(t.Context(), "", ""); err != nil || got != end+"?client_id=fake-id" {
		t.Errorf("%s, %v", got, err)
	}
	end = "javascript:alert(1)"
	if got, err := c.LogoutURL(t.Context(), "", ""); err == nil {
		t.Errorf("it leads to %s", got)
	}
}
