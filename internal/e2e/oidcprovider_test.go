package e2e

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz"
	"github.com/waltz-oauth/waltz/provider"
	"github.com/waltz-oauth/waltz/storage/memstore"
)

// strict is an application at an authorization server of npm's oidc-provider.
type strict struct {
	URL      string // the application's
	client   *provider.Client
	consumer *waltz.Consumer
}

func newStrict(t *testing.T) *strict {
	t.Helper()
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	redirect := server.URL + "/login/strict/authorized"
	issuer := startOIDCProvider(t, redirect, server.URL+"/bye")
	p, err := provider.Discover(t.Context(), nil, issuer)
	if err != nil {
		t.Fatal(err)
	}
	p.Scopes = append(p.Scopes, "offline_access")
	p.AuthorizationParams = map[string]string{"prompt": "consent"} // without, there is no refresh token
	app, err := waltz.New(waltz.Config{
		Secret: "fake-secret-of-thirty-two-bytes-and-more", Storage: memstore.New(), Site: true, BaseURL: server.URL,
		Logger: slog.New(slog.NewTextHandler(t.Output(), nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	s := &strict{URL: server.URL, client: &provider.Client{Provider: p, ID: clientID, Secret: clientSecret}}
	s.consumer, err = app.Register(waltz.Registration{Provider: p, Name: "strict", ClientID: clientID, ClientSecret: clientSecret})
	if err != nil {
		t.Fatal(err)
	}
	mux.Handle("/login/", app)
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "home") })
	return s
}

// startOIDCProvider starts the server and returns its issuer. Its packages are those of the lock file,
// kept in the cache directory of the person who runs the tests.
func startOIDCProvider(t *testing.T, redirectURI, backURI string) string {
	t.Helper()
	dir := npmInstalled(t, "testdata/oidc-provider")
	config, err := json.Marshal(map[string]string{"redirectURI": redirectURI, "backURI": backURI})
	if err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), "node", "server.mjs", string(config))
	c.Dir = dir
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.Stderr = t.Output()
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close() // by which it ends
		_ = c.Wait()   // killed, perhaps, with the test's context
	})
	issuer, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the server does not say where it listens: %v", err)
	}
	return strings.TrimSpace(issuer)
}

// npmInstalled is a directory with the files of from and the packages that its lock file names.
func npmInstalled(t *testing.T, from string) string {
	t.Helper()
	absent := func(why any) {
		t.Helper()
		if os.Getenv("CI") == "true" {
			t.Fatal(why)
		}
		t.Skip("no packages of npm (apt-get install nodejs npm, and a registry in reach): ", why)
	}
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			absent(err)
		}
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		absent(err)
	}
	files := []string{"package.json", "package-lock.json", "server.mjs"}
	sum := sha256.New()
	for _, name := range files {
		b, err := os.ReadFile(filepath.Join(from, name))
		if err != nil {
			t.Fatal(err)
		}
		sum.Write(b)
	}
	dir := filepath.Join(cache, "waltz-e2e", hex.EncodeToString(sum.Sum(nil))[:16])
	if _, err := os.Stat(dir); err == nil {
		return dir
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o700); err != nil {
		absent(err)
	}
	fresh, err := os.MkdirTemp(filepath.Dir(dir), "new-") //nolint:usetesting // it is kept for the next run
	if err != nil {
		absent(err)
	}
	if err := os.CopyFS(fresh, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), "npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts")
	c.Dir = fresh
	if said, err := c.CombinedOutput(); err != nil {
		t.Logf("%s", said)
		absent(err)
	}
	if err := os.Rename(fresh, dir); err != nil {
		if _, there := os.Stat(dir); there != nil { // another test was not first
			t.Fatal(err)
		}
		_ = os.RemoveAll(fresh)
	}
	return dir
}

// fill answers the form on a page of the server, with values besides those that it has.
func (p *person) fill(t *testing.T, form page, values url.Values) page {
	t.Helper()
	action := regexp.MustCompile(`action="([^"]+)"`).FindStringSubmatch(form.body)
	if action == nil {
		t.Fatalf("%s, which answered %d, has no form: %s", form.url.Path, form.status, form.body)
	}
	all := make(url.Values)
	for _, m := range regexp.MustCompile(`type="hidden" name="([^"]+)" value="([^"]*)"`).FindAllStringSubmatch(form.body, -1) {
		all.Set(m[1], html.UnescapeString(m[2]))
	}
	for name, value := range values {
		all[name] = value
	}
	return p.post(t, html.UnescapeString(action[1]), all)
}

// asksWho reports whether a page is that where the person logs in.
func asksWho(p page) bool { return strings.Contains(p.body, `name="login"`) }

// login goes through the server's two pages.
func (s *strict) login(t *testing.T, p *person, at string) page {
	t.Helper()
	form := p.get(t, at)
	if asksWho(form) {
		form = p.fill(t, form, url.Values{"login": {"ada"}, "password": {"any"}})
	}
	return p.fill(t, form, nil) // consent
}

func TestOIDCProviderDance(t *testing.T) {
	t.Parallel()
	s, p := newStrict(t), newPerson(t)
	if end := s.login(t, p, s.URL+"/login/strict"); end.body != "home" {
		t.Fatalf("the login ended at %s with %d: %s", end.url.Path, end.status, end.body)
	}
	who, err := s.consumer.Identity(t.Context())
	if err != nil || who.Subject != "ada" || who.Name != "Demo Ada" || who.Email != "ada@example.com" || !who.EmailVerified || who.Picture == "" {
		t.Errorf("the account is %+v, %v", who, err)
	}
	first, err := s.consumer.Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	expired := *first
	expired.Expiry = time.Now().Add(-time.Second)
	if err := s.consumer.Save(t.Context(), &expired); err != nil {
		t.Fatal(err)
	}
	second, err := s.consumer.Token(t.Context())
	switch {
	case err != nil:
		t.Fatal(err)
	case second.RefreshToken == first.RefreshToken, second.AccessToken == first.AccessToken:
		t.Error("the refresh token was not rotated")
	case second.ExtraString("id_token") == "":
		t.Error("the ID token is lost")
	}
	out, err := s.consumer.LogoutURL(t.Context(), "/bye", "fake-state")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.consumer.Disconnect(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.client.Refresh(t.Context(), second); kindOf(err) != provider.Refused {
		t.Errorf("a refresh with what was revoked: %v", err)
	}
	if _, err := s.client.Identity(t.Context(), second); kindOf(err) != provider.Refused {
		t.Errorf("user info with what was revoked: %v", err)
	}
	if asksWho(p.get(t, s.URL+"/login/strict")) {
		t.Error("the person is not logged in at the server any more")
	}
	end := p.fill(t, p.get(t, out), url.Values{"logout": {"yes"}})
	if end.url.Path != "/bye" || end.url.Query().Get("state") != "fake-state" {
		t.Errorf("logging out ended at %s with %d", end.url.Path, end.status)
	}
	if !asksWho(p.get(t, s.URL+"/login/strict")) {
		t.Error("the person is still logged in at the server")
	}
}

func kindOf(err error) provider.Kind {
	if e, ok := err.(*provider.Error); ok { //nolint:errorlint // it is what the client returns
		return e.Kind
	}
	return 255
}

// TestOIDCProviderHoldsWhatWasPromised spends codes in ways that fail: with another verifier, twice, with
// another nonce; and a refresh token twice.
func TestOIDCProviderHoldsWhatWasPromised(t *testing.T) {
	t.Parallel()
	s, p := newStrict(t), newPerson(t)
	const verifier = "fake-verifier-of-forty-three-characters-0123456789"
	redirect := s.URL + "/login/strict/authorized"
	code := func(change func(*provider.AuthorizationRequest, *provider.Provider)) provider.Grant {
		t.Helper()
		r := provider.AuthorizationRequest{RedirectURI: redirect, State: "fake-state", Verifier: verifier, Nonce: "fake-nonce", Scopes: s.client.Provider.Scopes}
		c := &provider.Client{Provider: s.client.Provider, ID: clientID, Secret: clientSecret}
		if change != nil {
			change(&r, &c.Provider)
		}
		address, err := c.AuthorizationURL(r)
		if err != nil {
			t.Fatal(err)
		}
		var back *url.URL
		p.client.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
			if strings.HasPrefix(r.URL.String(), redirect) {
				back = r.URL
				return http.ErrUseLastResponse
			}
			return nil
		}
		defer func() { p.client.CheckRedirect = nil }()
		form := p.get(t, address)
		for back == nil && strings.Contains(form.body, "<form") {
			form = p.fill(t, form, url.Values{"login": {"ada"}, "password": {"any"}})
		}
		if back == nil {
			t.Fatalf("the server did not send the person back: %s", form.body)
		}
		return provider.Grant{Code: back.Query().Get("code"), RedirectURI: redirect, Verifier: verifier, Nonce: "fake-nonce", Scopes: s.client.Provider.Scopes}
	}
	wrong := code(nil)
	wrong.Verifier = strings.ToUpper(verifier)
	if _, err := s.client.Exchange(t.Context(), wrong); kindOf(err) != provider.Refused {
		t.Errorf("another verifier: %v", err)
	}
	wrong = code(nil)
	wrong.Nonce = "another"
	if _, err := s.client.Exchange(t.Context(), wrong); err == nil || !strings.Contains(err.Error(), "unverified_id_token") {
		t.Errorf("another nonce: %v", err)
	}
	if g := code(func(_ *provider.AuthorizationRequest, p *provider.Provider) { p.PKCE = provider.NoPKCE }); g.Code != "" {
		t.Error("a login without PKCE was let in")
	}
	good := code(nil)
	tok, err := s.client.Exchange(t.Context(), good)
	if err != nil {
		t.Fatal(err)
	}
	if next, err := s.client.Refresh(t.Context(), tok); err != nil || next.ExtraString("id_token") == "" {
		t.Fatalf("a refresh brings a new ID token: %v", err)
	}
	if _, err := s.client.Refresh(t.Context(), tok); kindOf(err) != provider.Refused {
		t.Errorf("a refresh token spent twice: %v", err)
	}
	good = code(nil)
	if _, err := s.client.Exchange(t.Context(), good); err != nil {
		t.Fatal(err)
	}
	if _, err := s.client.Exchange(t.Context(), good); kindOf(err) != provider.Refused {
		t.Errorf("a code spent twice: %v", err)
	}
}
