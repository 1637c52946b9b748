package waltz_test

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz"
	"github.com/waltz-oauth/waltz/storage/filestore"
	"github.com/waltz-oauth/waltz/storage/memstore"
	"github.com/waltz-oauth/waltz/storage/sqlstore/sqlite"
	"github.com/waltz-oauth/waltz/token"
	"github.com/waltz-oauth/waltz/waltztest"
)

const fakeSecret = "fake-secret-of-32-bytes-or-more-0123456789"

// storages are those that a program on one machine can choose from; nil is the session.
func storages(t *testing.T) map[string]token.Storage {
	t.Helper()
	files, err := filestore.New(t.TempDir() + "/tokens")
	if err != nil {
		t.Fatal(err)
	}
	table, err := sqlite.Open(t.TempDir() + "/tokens.db")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = files.Close()
		_ = table.Close()
	})
	return map[string]token.Storage{"session": nil, "memory": memstore.New(), "file": files, "sqlite": table}
}

// world is an application, its provider, and what was logged.
type world struct {
	URL      string
	app      *waltz.App
	consumer *waltz.Consumer
	provider *waltztest.Server
	browser  *waltztest.Browser
	log      *lockedBuffer
	mux      *http.ServeMux
}

// newWorld starts both. Its users are whoever the cookie "user" says.
func newWorld(t *testing.T, c waltz.Config, r waltz.Registration) *world {
	t.Helper()
	return newWorldAt(t, waltztest.New(t, waltztest.Config{ClientSecret: r.ClientSecret}), c, r)
}

// newWorldAt is newWorld with a provider that has begun.
func newWorldAt(t *testing.T, p *waltztest.Server, c waltz.Config, r waltz.Registration) *world {
	t.Helper()
	w := &world{provider: p, browser: waltztest.NewBrowser(), log: new(lockedBuffer)}
	c.Secret = cmp.Or(c.Secret, fakeSecret)
	c.Logger = cmp.Or(c.Logger, slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	if c.HTTPClient == nil {
		c.HTTPClient = ownConnections(t)
	}
	if c.Storage != nil && c.User == nil {
		c.Site = true
	}
	var err error
	if w.app, err = waltz.New(c); err != nil {
		t.Fatal(err)
	}
	if r.Provider.Name == "" {
		r.Provider = w.provider.Provider()
	}
	r.Name, r.ClientID, r.ClientSecret = "test", w.provider.ClientID, w.provider.ClientSecret
	if r.Scopes == nil {
		r.Scopes = []string{"openid", "notes"}
	}
	if w.consumer, err = w.app.Register(r); err != nil {
		t.Fatal(err)
	}
	w.mux = http.NewServeMux()
	w.mux.Handle("/login/", w.app)
	w.mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "home") })
	w.mux.Handle("/user", w.consumer.Require(http.HandlerFunc(w.user)))
	w.mux.HandleFunc("GET /record", func(rw http.ResponseWriter, r *http.Request) {
		record, err := w.consumer.Record(r.Context())
		if err != nil {
			http.Error(rw, err.Error(), http.StatusNotFound)
			return
		}
		_, _ = io.WriteString(rw, record.String())
	})
	w.mux.HandleFunc("POST /expire", w.expire)
	server := httptest.NewUnstartedServer(asUser(w.app.Handler(w.mux)))
	server.Config.ErrorLog = log.New(w.log, "", 0) // where net/http says who panicked
	server.Start()
	w.URL = server.URL
	t.Cleanup(func() {
		server.Close()
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 10*time.Second)
		defer cancel()
		if err := w.app.Shutdown(ctx); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
		if secret(w.log.String()) {
			t.Error("a secret is in the log")
		}
	})
	return w
}

// ownConnections is a client that shares no connections with other tests: a server of theirs that closes has
// http.DefaultTransport close its idle ones, and a code that was about to be sent on one is not.
func ownConnections(t *testing.T) *http.Client {
	t.Helper()
	transport := http.DefaultTransport.(*http.Transport).Clone()
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// secret reports whether text has something in it that the provider issued.
func secret(text string) bool {
	return strings.Contains(text, "fake-") || strings.Contains(text, "eyJ")
}

// user shows what the API says of the token's owner.
func (w *world) user(rw http.ResponseWriter, r *http.Request) {
	resp, err := w.consumer.Client(r.Context()).Get("/user")
	if err != nil {
		http.Error(rw, err.Error(), http.StatusBadGateway)
		return
	}
	defer resp.Body.Close()
	rw.WriteHeader(resp.StatusCode)
	_, _ = io.Copy(rw, resp.Body)
}

// expire makes the visitor's access token one that has expired, here and at the provider.
func (w *world) expire(rw http.ResponseWriter, r *http.Request) {
	record, err := w.consumer.Record(r.Context())
	if err == nil {
		expired := *record.Token
		expired.Expiry = time.Now().Add(-time.Second)
		err = w.consumer.Save(r.Context(), &expired)
	}
	if err != nil {
		http.Error(rw, err.Error(), http.StatusInternalServerError)
	}
	w.provider.ExpireAll()
}

type userKey struct{}

// asUser puts the cookie's word for who is signed in into the context.
func asUser(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c, err := r.Cookie("user"); err == nil {
			r = r.WithContext(context.WithValue(r.Context(), userKey{}, c.Value))
		}
		next.ServeHTTP(w, r)
	})
}

func currentUser(ctx context.Context) (string, error) {
	id, _ := ctx.Value(userKey{}).(string)
	return id, nil
}

// be makes the browser's person a user of the application.
func (w *world) be(t *testing.T, b *waltztest.Browser, user string) {
	t.Helper()
	r := request(t, http.MethodGet, w.URL, "")
	b.Client.Jar.SetCookies(r.URL, []*http.Cookie{{Name: "user", Value: user, Path: "/"}})
}

// page is an answer as a person sees it.
type page struct {
	status int
	body   string
	path   string // where the browser ended
	header http.Header
}

func request(t *testing.T, method, url, body string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return r
}

func read(t *testing.T, resp *http.Response, err error) page {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if secret(string(body)) && !strings.HasSuffix(resp.Request.URL.Path, "/authorize") { // that one is the provider's own
		t.Errorf("a secret is on the page at %s", resp.Request.URL.Path)
	}
	return page{resp.StatusCode, string(body), resp.Request.URL.Path, resp.Header}
}

func (w *world) get(t *testing.T, path string) page {
	t.Helper()
	resp, err := w.browser.Client.Do(request(t, http.MethodGet, w.URL+path, ""))
	return read(t, resp, err)
}

func (w *world) post(t *testing.T, path, form string) page {
	t.Helper()
	resp, err := w.browser.Client.Do(request(t, http.MethodPost, w.URL+path, form))
	return read(t, resp, err)
}

func (w *world) login(t *testing.T, d waltztest.Decision) page {
	t.Helper()
	resp, err := w.browser.Login(t.Context(), w.URL+w.consumer.LoginURL("/record"), "", d)
	return read(t, resp, err)
}

// hold makes the browser stop at redirects.
func hold(b *waltztest.Browser) {
	b.Client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
}

// want checks a page's status and that its text is on it.
func (p page) want(t *testing.T, status int, text string) {
	t.Helper()
	if p.status != status || !strings.Contains(p.body, text) {
		t.Errorf("%s: got %d %q, want %d and %q", p.path, p.status, p.body, status, text)
	}
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
