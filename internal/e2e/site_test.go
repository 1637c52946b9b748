package e2e

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz"
	"github.com/waltz-oauth/waltz/provider"
	"github.com/waltz-oauth/waltz/token"
)

// site is an application that uses the issuer, and its one user.
type site struct {
	URL      string
	issuer   *issuer
	storage  token.Storage // nil: the session
	app      *waltz.App
	consumer *waltz.Consumer
	person   *person
	calls    *http.Transport // to the issuer

	mu     sync.Mutex
	inside func(context.Context) // what /inside does
	failed []error               // what the Failed hook was told
}

// user is who is signed in at every site.
const user = "ada"

// newSite starts a site whose tokens are kept in s, and its issuer; change, unless nil, has the last
// word on the registration.
func newSite(t *testing.T, s token.Storage, change func(*waltz.Registration)) *site {
	t.Helper()
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	si := &site{
		URL:     server.URL,
		issuer:  newIssuer(t, server.URL+"/login/op/authorized"),
		storage: s,
		person:  newPerson(t),
		calls:   &http.Transport{},
	}
	t.Cleanup(si.calls.CloseIdleConnections)
	client := &http.Client{Transport: si.calls}
	p, err := provider.Discover(t.Context(), client, si.issuer.URL)
	if err != nil {
		t.Fatal(err)
	}
	p.APIBase = si.issuer.URL + "/"
	si.app, err = waltz.New(waltz.Config{
		Secret:     "fake-secret-of-thirty-two-bytes-and-more",
		Storage:    s,
		User:       func(context.Context) (string, error) { return user, nil },
		HTTPClient: client,
		Logger:     slog.New(slog.NewTextHandler(t.Output(), nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // refreshes are logged after they were used
		if err := si.app.Shutdown(context.WithoutCancel(t.Context())); err != nil {
			t.Errorf("shutting down: %v", err)
		}
	})
	r := waltz.Registration{
		Provider: p, Name: "op",
		ClientID: clientID, ClientSecret: clientSecret,
		Scopes: []string{"openid", "profile", "email", "offline_access"},
		Hooks:  waltz.Hooks{Failed: func(_ http.ResponseWriter, _ *http.Request, err error) { si.fail(err) }},
	}
	if change != nil {
		change(&r)
	}
	if si.consumer, err = si.app.Register(r); err != nil {
		t.Fatal(err)
	}
	mux.Handle("/login/", si.app)
	mux.Handle("/api", si.app.Handler(http.HandlerFunc(si.serveAPI)))
	mux.Handle("/inside", si.app.Handler(http.HandlerFunc(si.serveInside)))
	mux.Handle("/private", si.consumer.Require(http.HandlerFunc(si.serveAPI)))
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "home") })
	return si
}

// serveAPI hands on what the issuer says of the user's account.
func (si *site) serveAPI(w http.ResponseWriter, r *http.Request) {
	resp, err := si.consumer.Client(r.Context()).Get("/userinfo")
	if err != nil {
		si.fail(err)
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer func() { _ = resp.Body.Close() }()
	w.WriteHeader(resp.StatusCode)
	_, _ = io.Copy(w, resp.Body)
}

func (si *site) serveInside(_ http.ResponseWriter, r *http.Request) {
	si.mu.Lock()
	do := si.inside
	si.mu.Unlock()
	do(r.Context())
}

func (si *site) fail(err error) {
	si.mu.Lock()
	defer si.mu.Unlock()
	si.failed = append(si.failed, err)
}

// lastFailure is what the program was told last.
func (si *site) lastFailure(t *testing.T) error {
	t.Helper()
	si.mu.Lock()
	defer si.mu.Unlock()
	if len(si.failed) == 0 {
		t.Fatal("the program was told of no failure")
	}
	return si.failed[len(si.failed)-1]
}

// with runs do within a request of the person.
func (si *site) with(t *testing.T, do func(context.Context)) {
	t.Helper()
	si.mu.Lock()
	si.inside = do
	si.mu.Unlock()
	if p := si.person.get(t, si.URL+"/inside"); p.status != http.StatusOK {
		t.Fatalf("/inside answered %d", p.status)
	}
}

// record is what is stored for the person.
func (si *site) record(t *testing.T) (r token.Record, err error) {
	t.Helper()
	si.with(t, func(ctx context.Context) { r, err = si.consumer.Record(ctx) })
	return r, err
}

// stored is the record, which there must be.
func (si *site) stored(t *testing.T) token.Record {
	t.Helper()
	r, err := si.record(t)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// loginURL is where the person's logins begin, and lead to /.
func (si *site) loginURL() string { return si.URL + si.consumer.LoginURL("/") }

// login logs the person in, with an access token that lives as long as life, and returns its record.
func (si *site) login(t *testing.T, life time.Duration) token.Record {
	t.Helper()
	si.issuer.storage.live(life)
	defer si.issuer.storage.live(time.Hour)
	p := si.person.answer(t, si.person.get(t, si.loginURL()), "allow")
	if p.status != http.StatusOK || p.body != "home" {
		t.Fatalf("the login ended at %s with %d: %s; failures: %v", p.url.Path, p.status, p.body, si.failed)
	}
	return si.stored(t)
}

// loginExpired logs the person in and waits until the access token has expired.
func (si *site) loginExpired(t *testing.T) token.Record {
	t.Helper()
	const life = 1500 * time.Millisecond // of which the server tells whole seconds
	r := si.login(t, life)
	time.Sleep(time.Until(r.Token.Expiry))
	return r
}

// api has the person's page call the API, and returns what it shows.
func (si *site) api(t *testing.T) page {
	t.Helper()
	return si.person.get(t, si.URL+"/api")
}

// wantAPI checks that the API knows the person.
func (si *site) wantAPI(t *testing.T) {
	t.Helper()
	if p := si.api(t); p.status != http.StatusOK || !strings.Contains(p.body, email) {
		t.Fatalf("the API answered %d: %s", p.status, p.body)
	}
}

// wantNoToken checks that nothing is stored for the person.
func (si *site) wantNoToken(t *testing.T) {
	t.Helper()
	if _, err := si.record(t); !errors.Is(err, waltz.ErrNoToken) {
		t.Errorf("the record of the person: %v, want ErrNoToken", err)
	}
}
