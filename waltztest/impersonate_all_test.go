package waltztest_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz"
	"github.com/waltz-oauth/waltz/provider"
	"github.com/waltz-oauth/waltz/storage/memstore"
	"github.com/waltz-oauth/waltz/waltztest"
)

// TestEveryPresetDancesThroughAnApplication logs a person in with each preset, by the application's own
// addresses, has the token refreshed, and disconnects.
func TestEveryPresetDancesThroughAnApplication(t *testing.T) {
	t.Parallel()
	for _, preset := range provider.Presets() {
		t.Run(preset.Name, func(t *testing.T) {
			t.Parallel()
			params := make([]string, len(preset.Params))
			for i, name := range preset.Params {
				if params[i] = "own-1"; name == "base" {
					params[i] = "https://own.example/sub"
				}
			}
			dances(t, preset.New(params))
		})
	}
}

func dances(t *testing.T, p provider.Provider) {
	t.Helper()
	fake := waltztest.Impersonate(t, p)
	defer func() {
		for _, what := range fake.Complaints() {
			t.Error(what)
		}
	}()
	mux := http.NewServeMux()
	site := httptest.NewServer(mux)
	t.Cleanup(site.Close)
	fake.RedirectURI = site.URL + "/login/" + p.Name + "/authorized"
	app, err := waltz.New(waltz.Config{
		Secret: "fake-secret-of-32-bytes-or-more-0123456789", Storage: memstore.New(), Site: true, BaseURL: site.URL, HTTPClient: fake.HTTPClient(),
	})
	if err != nil {
		t.Fatal(err)
	}
	c, err := app.Register(waltz.Registration{Provider: p, ClientID: fake.ClientID, ClientSecret: fake.ClientSecret, Public: fake.ClientSecret == ""})
	if err != nil {
		t.Fatal(err)
	}
	mux.Handle("/login/", app)
	mux.HandleFunc("/{$}", func(http.ResponseWriter, *http.Request) {})
	resp, err := fake.Browser().Login(t.Context(), site.URL+"/login/"+p.Name, "", waltztest.Allow)
	if said := body(t, resp, err); resp.StatusCode != http.StatusOK {
		t.Fatalf("the login ended with %s: %s", resp.Status, said)
	}
	tok, err := c.Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if tok.RefreshToken != "" {
		expired := *tok
		expired.Expiry = time.Now().Add(-time.Second)
		if err := c.Save(t.Context(), &expired); err != nil {
			t.Fatal(err)
		}
		if next, err := c.Token(t.Context()); err != nil || next.AccessToken == tok.AccessToken || fake.Refreshes() != 1 {
			t.Errorf("%d refreshes, %v", fake.Refreshes(), err)
		}
	}
	if p.APIBase != "" {
		resp, err := c.Client(t.Context()).Get("/whatever/there/is")
		if said := body(t, resp, err); resp.StatusCode != http.StatusOK {
			t.Errorf("the API answers %s: %s", resp.Status, said)
		}
	}
	if err := c.Disconnect(t.Context()); err != nil || fake.Revoked() != (p.Revocation.URL != "") {
		t.Errorf("revoked is %t, %v", fake.Revoked(), err)
	}
}
