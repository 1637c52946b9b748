package e2e

import (
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

const (
	clientID     = "waltz-e2e"
	clientSecret = "fake-secret"

	// The person that the example storage of zitadel/oidc has an account for.
	subject  = "id1"
	username = "test-user@127.0.0.1"
	password = "verysecure"
	email    = "test-user@zitadel.ch"
)

// issuer is the authorization server of zitadel/oidc, with its example storage, whose refresh
// tokens work once. Only the login form, and how long access tokens live, are ours.
type issuer struct {
	URL     string
	storage *accounts

	handler http.Handler

	mu      sync.Mutex
	server  *http.Server // nil: down
	calls   map[string]int
	forms   map[string]url.Values   // the latest of each
	instead map[string]http.Handler // answers a path in place of the server
}

// newIssuer starts a server with one client, whose redirect URI is given.
func newIssuer(t *testing.T, redirectURI string) *issuer {
	t.Helper()
	l := listen(t, "127.0.0.1:0")
	is := &issuer{
		URL:     "http://" + l.Addr().String(),
		calls:   make(map[string]int),
		forms:   make(map[string]url.Values),
		instead: make(map[string]http.Handler),
	}
	client := storage.WebClient(clientID, clientSecret, redirectURI)
	is.storage = &accounts{
		Storage: storage.NewStorageWithClients(storage.NewUserStore(is.URL), map[string]*storage.Client{clientID: client}),
		life:    time.Hour,
		ends:    make(map[string]time.Time),
	}
	provider, err := op.NewProvider(
		&op.Config{CodeMethodS256: true, AuthMethodPost: true, GrantTypeRefreshToken: true},
		is.storage, op.StaticIssuer(is.URL), op.WithAllowInsecure(),
	)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/", provider)
	mux.Handle("/login/username", op.NewIssuerInterceptor(provider.IssuerFromRequest).Handler(is.loginForm(provider)))
	is.handler = mux
	is.serve(l)
	t.Cleanup(is.down)
	return is
}

func listen(t *testing.T, addr string) net.Listener {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// loginForm is what the server leaves to its user: it says who the person is, and whether they
// consent.
func (is *issuer) loginForm(provider *op.Provider) http.Handler {
	back := op.AuthCallbackURL(provider)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.FormValue("authRequestID")
		if r.Method != http.MethodPost {
			_, _ = w.Write([]byte("a form that wants username, password and decision"))
			return
		}
		if r.PostFormValue("decision") == "deny" {
			request, err := is.storage.AuthRequestByID(r.Context(), id)
			if err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			op.AuthRequestError(w, r, request, oidc.ErrAccessDenied().WithDescription("The person said no."), provider)
			return
		}
		if err := is.storage.CheckUsernamePassword(r.PostFormValue("username"), r.PostFormValue("password"), id); err != nil {
			http.Error(w, err.Error(), http.StatusForbidden)
			return
		}
		http.Redirect(w, r, back(r.Context(), id), http.StatusFound)
	})
}

func (is *issuer) serve(l net.Listener) {
	s := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if instead := is.note(r); instead != nil {
			instead.ServeHTTP(w, r)
			return
		}
		is.handler.ServeHTTP(w, r)
	})}
	is.mu.Lock()
	is.server = s
	is.mu.Unlock()
	go func() { _ = s.Serve(l) }() // ends when down closes l
}

// note counts r, and returns what answers it in place of the server.
func (is *issuer) note(r *http.Request) http.Handler {
	_ = r.ParseForm() // what is wrong with it is the server's to say
	name := strings.TrimPrefix(r.URL.Path, "/")
	if grant := r.PostForm.Get("grant_type"); grant != "" {
		name = grant
	}
	is.mu.Lock()
	defer is.mu.Unlock()
	is.calls[name]++
	is.forms[name] = r.Form
	return is.instead[r.URL.Path]
}

// count is how often name was called: a path without its first slash, or a grant type.
func (is *issuer) count(name string) int {
	is.mu.Lock()
	defer is.mu.Unlock()
	return is.calls[name]
}

// form is what the latest call of name sent.
func (is *issuer) form(name string) url.Values {
	is.mu.Lock()
	defer is.mu.Unlock()
	return is.forms[name]
}

// answer has h answer path from now on; nil: the server again.
func (is *issuer) answer(path string, h http.Handler) {
	is.mu.Lock()
	defer is.mu.Unlock()
	is.instead[path] = h
}

// down closes the listener and every connection.
func (is *issuer) down() {
	is.mu.Lock()
	defer is.mu.Unlock()
	if is.server != nil {
		_ = is.server.Close() // what fails to close was closed by its client
	}
	is.server = nil
}

// up listens again, with everything that was granted still there.
func (is *issuer) up(t *testing.T) {
	t.Helper()
	is.serve(listen(t, strings.TrimPrefix(is.URL, "http://")))
}

// userinfo is the status that the server's API answers an access token with.
func (is *issuer) userinfo(t *testing.T, accessToken string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, is.URL+"/userinfo", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+accessToken)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	return resp.StatusCode
}
