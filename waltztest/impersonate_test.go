package waltztest_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz"
	"github.com/waltz-oauth/waltz/provider"
	"github.com/waltz-oauth/waltz/storage/memstore"
	"github.com/waltz-oauth/waltz/waltztest"
)

// application is an application with one provider, which shows whose account is connected.
func application(t *testing.T, p provider.Provider, fake *waltztest.Impersonation) (*httptest.Server, *waltz.Consumer) {
	t.Helper()
	app, err := waltz.New(waltz.Config{Secret: "fake-secret-of-32-bytes-or-more-0123456789", Storage: memstore.New(), Site: true, HTTPClient: fake.HTTPClient()})
	if err != nil {
		t.Fatal(err)
	}
	consumer, err := app.Register(waltz.Registration{Provider: p, ClientID: fake.ClientID, ClientSecret: fake.ClientSecret, Scopes: []string{"users:read"}})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/login/", app)
	mux.Handle("/who", consumer.Require(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who, err := consumer.Identity(r.Context())
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		_, _ = io.WriteString(w, who.Subject+" "+who.Name)
	})))
	s := httptest.NewServer(app.Handler(mux))
	t.Cleanup(s.Close)
	return s, consumer
}

func body(t *testing.T, resp *http.Response, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestAnApplicationDancesWithAnImpersonatedSlack(t *testing.T) {
	t.Parallel()
	fake := waltztest.Impersonate(t, provider.Slack())
	app, slack := application(t, provider.Slack(), fake)
	resp, err := fake.Browser().Login(t.Context(), app.URL+"/who", "", waltztest.Allow)
	if got := body(t, resp, err); got != "1001 Demo Ada" {
		t.Error(got)
	}

	granted, err := slack.Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	expired := *granted
	expired.Expiry = time.Now().Add(-time.Second)
	if err := slack.Save(t.Context(), &expired); err != nil {
		t.Fatal(err)
	}
	if _, err := slack.Token(t.Context()); err != nil || fake.Refreshes() != 1 {
		t.Errorf("%d refreshes, %v", fake.Refreshes(), err)
	}
	if err := slack.Disconnect(t.Context()); err != nil || !fake.Revoked() {
		t.Errorf("revoked: %t, %v", fake.Revoked(), err)
	}

	for _, what := range fake.Complaints() {
		t.Error(what)
	}
}

func TestAnImpersonatedProviderLetsPeopleSayNo(t *testing.T) {
	t.Parallel()
	for _, p := range []provider.Provider{provider.Slack(), provider.Trello("Fake")} {
		fake := waltztest.Impersonate(t, p)
		app, _ := application(t, p, fake)
		resp, err := fake.Browser().Login(t.Context(), app.URL+"/who", "", waltztest.Deny)
		if got := body(t, resp, err); resp.StatusCode != http.StatusForbidden {
			t.Errorf("%s: %s: %s", p.Name, resp.Status, got)
		}
	}
}

// TestAnImpersonatedProviderIsAnsweredByForm has Apple's callback, which a page of its own posts.
func TestAnImpersonatedProviderIsAnsweredByForm(t *testing.T) {
	t.Parallel()
	p := provider.Apple("team-1", "key-1")
	fake := waltztest.Impersonate(t, p)
	app, _ := application(t, p, fake)
	resp, err := fake.Browser().Login(t.Context(), app.URL+"/who", "", waltztest.Allow)
	if got := body(t, resp, err); !strings.HasPrefix(got, "1001") {
		t.Errorf("%s: %v", got, fake.Complaints())
	}
}

func TestAnImpersonatedProviderComplains(t *testing.T) {
	t.Parallel()
	p := provider.GitHub()
	fake := waltztest.Impersonate(t, p)
	p.TokenHeaders = nil // without which GitHub answers with a form
	app, _ := application(t, p, fake)
	resp, err := fake.Browser().Login(t.Context(), app.URL+"/who", "", waltztest.Allow)
	if body(t, resp, err); resp.StatusCode == http.StatusOK || len(fake.Complaints()) != 1 || strings.Contains(fake.Complaints()[0], "fake-") {
		t.Errorf("%s, and it complains of %v", resp.Status, fake.Complaints())
	}
}
