package waltz_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"runtime/debug"
	"strings"
	"sync"
	"testing"

	"github.com/waltz-oauth/waltz"
	"github.com/waltz-oauth/waltz/internal/canarytest"
	"github.com/waltz-oauth/waltz/keeper"
	"github.com/waltz-oauth/waltz/provider"
	"github.com/waltz-oauth/waltz/storage/sessionstore"
	"github.com/waltz-oauth/waltz/token"
	"github.com/waltz-oauth/waltz/waltztest"
)

// mine is a world where every secret is a canary, and where all that gets out is kept.
type mine struct {
	*world
	canaries canarytest.Set
	config   waltz.Config
	reg      waltz.Registration

	mu      sync.Mutex
	out     map[string]*strings.Builder                                // what got out, by where
	instead func(r *http.Request, body string) (*http.Response, error) // answers in the provider's place; nil: nobody does
	panics  string                                                     // the hook that does
	fails   error                                                      // what the storage fails with
}

// newMine starts a world over s, a storage or nil.
func newMine(t *testing.T, s token.Storage) *mine {
	t.Helper()
	return newMineOf(t, s, "")
}

// newMineOf is newMine with a provider of OAuth 1 that has requests signed so; "": of OAuth 2.
func newMineOf(t *testing.T, s token.Storage, signature string) *mine {
	t.Helper()
	m := &mine{out: make(map[string]*strings.Builder)}
	if s != nil {
		s = &fragile{s, m}
	}
	everything := &slog.HandlerOptions{Level: slog.LevelDebug, AddSource: true}
	m.config = waltz.Config{
		Secret: "fake-secret-" + rand.Text() + "+/&=\"\\<é>", PreviousSecrets: []string{"fake-secret-" + rand.Text() + rand.Text()},
		Storage: s, HTTPClient: &http.Client{Transport: m},
		Logger: slog.New(slog.NewMultiHandler(
			slog.NewTextHandler(m.to("log, text"), everything), slog.NewJSONHandler(m.to("log, JSON"), everything), careless{m},
		)),
	}
	m.reg = waltz.Registration{ClientSecret: "fake-secret-" + rand.Text() + "+/&=\"\\<é>", Hooks: waltz.Hooks{
		BeforeLogin: func(_ http.ResponseWriter, _ *http.Request, u *url.URL) error {
			m.print("hook, before login", u)
			m.maybe("BeforeLogin")
			return nil
		},
		Authorized: func(_ http.ResponseWriter, r *http.Request, a *waltz.Authorization) error {
			_, err := a.Identity(r.Context())
			m.print("hook, authorized", a)
			m.print("hook, authorized", *a)
			m.print("hook, authorized", err)
			m.maybe("Authorized")
			return nil
		},
		Failed: func(_ http.ResponseWriter, _ *http.Request, err error) {
			m.print("hook, failed", err)
			m.maybe("Failed")
		},
		Refreshed: func(_ context.Context, _ token.Key, tok *token.Token) { m.print("hook, refreshed", tok) },
		Reauthorize: func(_ context.Context, _ token.Key, reason string) {
			m.print("hook, reauthorize", reason)
		},
		Disconnected: func(_ context.Context, key token.Key) { m.print("hook, disconnected", key) },
	}}
	if p := waltztest.New(t, waltztest.Config{ClientSecret: m.reg.ClientSecret, Signature: signature}); signature == "" {
		m.reg.Provider = p.Provider()
		m.world = newWorldAt(t, p, m.config, m.reg)
	} else {
		m.reg.Provider, m.reg.Scopes = p.OAuth1(), []string{}
		m.world = newWorldAt(t, p, m.config, m.reg)
	}
	m.canaries.Add("cookie secret", m.config.Secret)
	m.canaries.Add("previous cookie secret", m.config.PreviousSecrets[0])
	m.canaries.Add("client secret", m.reg.ClientSecret)
	m.newBrowser()
	m.mux.HandleFunc("GET /call", func(_ http.ResponseWriter, r *http.Request) {
		resp, err := m.consumer.Client(r.Context()).Get("/user")
		m.print("call", err)
		if err == nil { // what a provider's API says is for the program to judge
			_ = resp.Body.Close()
		}
	})
	m.mux.HandleFunc("GET /identity", func(w http.ResponseWriter, r *http.Request) {
		id, err := m.consumer.Identity(r.Context())
		m.print("identity", err)
		_, _ = fmt.Fprintf(w, "%s", id.Name)
	})
	return m
}

// newBrowser gives the person a new browser, all of whose pages are kept.
func (m *mine) newBrowser() {
	m.browser = waltztest.NewBrowser()
	m.browser.Client.Transport = recording{m}
}

// to is where what gets out at a place is written.
func (m *mine) to(place string) io.Writer { return outlet{m, place} }

type outlet struct {
	m     *mine
	place string
}

func (o outlet) Write(p []byte) (int, error) {
	o.m.mu.Lock()
	defer o.m.mu.Unlock()
	b := o.m.out[o.place]
	if b == nil {
		b = new(strings.Builder)
		o.m.out[o.place] = b
	}
	_, _ = b.Write(p)
	_ = b.WriteByte('\n')
	return len(p), nil
}

// print writes v with every verb, logs it, and does the same with the errors below it.
func (m *mine) print(place string, v any) {
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%08.3f"} {
		fmt.Fprintf(m.to(place+", "+verb), verb, v)
	}
	slog.New(slog.NewJSONHandler(m.to(place+", logged as JSON"), nil)).Info("x", "v", v)
	slog.New(slog.NewTextHandler(m.to(place+", logged as text"), nil)).Info("x", "v", v)
	switch err := v.(type) {
	case interface{ Unwrap() error }:
		m.print(place, err.Unwrap())
	case interface{ Unwrap() []error }:
		for _, below := range err.Unwrap() {
			m.print(place, below)
		}
	}
}

// careless is a log that knows nothing of slog's ways, and prints each value as fmt would.
type careless struct{ m *mine }

func (careless) Enabled(context.Context, slog.Level) bool { return true }

func (c careless) Handle(_ context.Context, r slog.Record) error {
	fmt.Fprintf(c.m.to("log, careless"), "%s", r.Message)
	r.Attrs(func(a slog.Attr) bool {
		fmt.Fprintf(c.m.to("log, careless"), "%s=%+v %#v", a.Key, a.Value.Any(), a.Value.Any())
		return true
	})
	return nil
}

func (c careless) WithAttrs([]slog.Attr) slog.Handler { return c }
func (c careless) WithGroup(string) slog.Handler      { return c }

// recording is the network between the person and everybody else.
type recording struct{ m *mine }

func (p recording) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil || "http://"+r.URL.Host != p.m.URL { // of the provider's own pages it is the provider that is to be asked
		return resp, err
	}
	body, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	resp.Body = io.NopCloser(bytes.NewReader(body))
	h := resp.Header.Clone()
	if u, err := resp.Location(); err == nil && u.Path == "/login/test/authorized" { // where a code is to be
		q := u.Query()
		q.Del("code")
		u.RawQuery = q.Encode()
		h.Set("Location", u.String())
	}
	_ = h.Write(p.m.to("header of " + r.URL.Path))
	_, _ = p.m.to("page at " + r.URL.Path).Write(body)
	return resp, err
}

// RoundTrip is the network between the application and its provider. What is sent there is a canary.
func (m *mine) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	form, _ := url.ParseQuery(string(body))
	for _, name := range []string{"code", "code_verifier", "refresh_token", "token", "client_secret"} {
		if value := form.Get(name); value != "" {
			m.canaries.Add(name+" that was sent", value)
		}
	}
	scheme, credentials, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if sent := regexp.MustCompile(`oauth_verifier="([^"]+)"`).FindStringSubmatch(credentials); sent != nil {
		m.canaries.Add("verifier that was sent", sent[1])
	}
	if credentials != "" && scheme != "OAuth" { // whose secrets the provider knows, and whose rest is no secret
		m.canaries.Add(scheme+" credentials that were sent", credentials)
	}
	m.mu.Lock()
	instead := m.instead
	m.mu.Unlock()
	if instead != nil {
		if resp, err := instead(r, string(body)); resp != nil || err != nil {
			return resp, err
		}
	}
	return http.DefaultTransport.RoundTrip(r)
}

// fragile is a storage that fails when it is to.
type fragile struct {
	next token.Storage
	m    *mine
}

var _ token.Wrapper = (*fragile)(nil)

func (f *fragile) Unwrap() token.Storage { return f.next }

func (f *fragile) failing() error {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	return f.m.fails
}

func (f *fragile) Get(ctx context.Context, key token.Key) (token.Record, error) {
	if err := f.failing(); err != nil {
		return token.Record{}, &token.Error{Op: "get", Key: key, Err: err}
	}
	return f.next.Get(ctx, key)
}

func (f *fragile) Set(ctx context.Context, key token.Key, r token.Record) error {
	if err := f.failing(); err != nil {
		return &token.Error{Op: "set", Key: key, Err: err}
	}
	return f.next.Set(ctx, key, r)
}

func (f *fragile) Delete(ctx context.Context, key token.Key) error {
	if err := f.failing(); err != nil {
		return &token.Error{Op: "delete", Key: key, Err: err}
	}
	return f.next.Delete(ctx, key)
}

func (m *mine) set(change func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	change()
}

// maybe panics in the hook whose turn it is.
func (m *mine) maybe(hook string) {
	m.mu.Lock()
	panics := m.panics == hook
	m.mu.Unlock()
	if panics {
		panic("the hook " + hook + " panics")
	}
}

// echoes are answers that give back, in every place there is, what was sent; and each has a token of its
// own.
func (m *mine) echoes() map[string]func(r *http.Request, body string) (*http.Response, error) {
	answer := func(status int, body, echo string) (*http.Response, error) {
		h := http.Header{"Content-Type": {"application/json"}, "Retry-After": {echo}, "Www-Authenticate": {echo}, "X-Echo": {echo}}
		if status/100 == 3 {
			h.Set("Location", "https://elsewhere.example/?"+url.QueryEscape(echo))
		}
		return &http.Response{StatusCode: status, Status: fmt.Sprint(status, " ", echo), Header: h, Body: io.NopCloser(strings.NewReader(body))}, nil
	}
	sent := func(r *http.Request, body string) string {
		form, _ := url.ParseQuery(body)
		var all strings.Builder
		for _, name := range []string{"code", "code_verifier", "refresh_token", "token", "client_secret"} {
			all.WriteString(form.Get(name) + " ")
		}
		return all.String() + r.Header.Get("Authorization") + " " + body
	}
	all := make(map[string]func(r *http.Request, body string) (*http.Response, error))
	for name, status := range map[string]int{"ok": 200, "created": 201, "redirect": 302, "bad request": 400, "unauthorized": 401, "forbidden": 403, "limited": 429, "broken": 500} {
		all[name+", an error"] = func(r *http.Request, body string) (*http.Response, error) {
			echo := sent(r, body)
			return answer(status, fmt.Sprintf(`{"error":%q,"error_description":%q}`, strings.Fields(echo + " none")[0], echo), echo)
		}
		all[name+", prose"] = func(r *http.Request, body string) (*http.Response, error) {
			return answer(status, "<html>"+sent(r, body), sent(r, body))
		}
	}
	all["a type"] = func(r *http.Request, body string) (*http.Response, error) {
		fresh := "fake-access-" + rand.Text()
		m.canaries.Add("access token of an unknown type", fresh)
		return answer(200, fmt.Sprintf(`{"access_token":%q,"token_type":%q}`, fresh, sent(r, body)), "")
	}
	all["an ID token"] = func(*http.Request, string) (*http.Response, error) {
		fresh, id := "fake-access-"+rand.Text(), "fake-id-"+rand.Text()
		m.canaries.Add("access token that came with a wrong ID token", fresh)
		m.canaries.Add("wrong ID token", id)
		return answer(200, fmt.Sprintf(`{"access_token":%q,"id_token":%q}`, fresh, id), "")
	}
	all["no end"] = func(r *http.Request, body string) (*http.Response, error) {
		return answer(200, `{"access_token":"`+sent(r, body), "")
	}
	all["no answer"] = func(r *http.Request, body string) (*http.Response, error) {
		return nil, errors.New("no answer to " + sent(r, body))
	}
	all["an address"] = func(r *http.Request, body string) (*http.Response, error) {
		return nil, &url.Error{Op: "Post", URL: r.URL.String() + "?" + body, Err: errors.New("no answer to " + sent(r, body))}
	}
	return all
}

// mayFail does a step whose outcome is of no interest.
func (m *mine) mayFail(t *testing.T, method, path string) {
	t.Helper()
	resp, err := m.browser.Client.Do(request(t, method, m.URL+path, ""))
	if err == nil { // a handler that panicked hangs up
		_ = resp.Body.Close()
	}
}

func (m *mine) mayLogin(t *testing.T, d waltztest.Decision) {
	t.Helper()
	resp, err := m.browser.Login(t.Context(), m.URL+"/login/test?next=/record", "", d)
	m.print("the test's browser", err)
	if err == nil {
		_ = resp.Body.Close()
	}
}

// TestNoSecretGetsOut goes through logins, calls, refreshes and disconnections that go well, and that
// fail in each way there is, over each storage. Then it looks for every secret in all that got out.
func TestNoSecretGetsOut(t *testing.T) {
	t.Parallel()
	for name, s := range storages(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMine(t, s)
			m.during("/jwks", m.echoes()["an address"], func() { m.mayLogin(t, waltztest.Allow) }) // they are asked for once
			m.dance(t)
			m.failures(t)
			if s == nil || name == "memory" { // it is the same over all that have Load and Swap
				m.hostility(t)
			}
			m.values(t, s)
			m.search(t)
		})
	}
}

// dance is what goes well.
func (m *mine) dance(t *testing.T) {
	t.Helper()
	m.login(t, waltztest.Allow).want(t, http.StatusOK, "record(")
	m.get(t, "/user").want(t, http.StatusOK, "Demo Ada")
	m.get(t, "/identity").want(t, http.StatusOK, "Demo Ada")
	m.post(t, "/expire", "").want(t, http.StatusOK, "")
	m.get(t, "/user").want(t, http.StatusOK, "Demo Ada")
	m.get(t, "/record").want(t, http.StatusOK, "generation 1")
	m.post(t, "/login/test/disconnect", "").want(t, http.StatusOK, "home")
	u := request(t, http.MethodGet, m.callbackURL(t), "").URL
	m.post(t, u.Path, u.RawQuery).want(t, http.StatusOK, "home") // as a form
	m.post(t, "/login/test/disconnect", "").want(t, http.StatusOK, "home")
}

// failures are those of the person, of the program and of its storage, and of a provider that is honest.
func (m *mine) failures(t *testing.T) {
	t.Helper()
	m.login(t, waltztest.Deny).want(t, http.StatusForbidden, "")
	callback := strings.TrimPrefix(m.callbackURL(t), m.URL)
	m.newBrowser()
	m.get(t, callback).want(t, http.StatusBadRequest, "") // in another browser
	callback = strings.TrimPrefix(m.callbackURL(t), m.URL)
	m.get(t, strings.Replace(callback, "code=", "error=access_denied&code=", 1)).want(t, http.StatusForbidden, "")
	for _, status := range []int{400, 401, 403, 429, 500} {
		for _, e := range []waltztest.Endpoint{waltztest.Exchange, waltztest.Refresh, waltztest.UserInfo, waltztest.API} {
			m.provider.Next(e, waltztest.Answer{Status: status, Body: `{"error":"invalid_grant"}`, Handled: true})
		}
		m.mayLogin(t, waltztest.Allow)
		m.mayLogin(t, waltztest.Allow)
		m.mayFail(t, http.MethodPost, "/expire")
		m.mayFail(t, http.MethodGet, "/user")
		m.mayFail(t, http.MethodPost, "/login/test/disconnect")
	}
	for _, hook := range []string{"BeforeLogin", "Authorized", "Failed"} {
		m.set(func() { m.panics = hook })
		m.mayLogin(t, waltztest.Allow)
		m.mayLogin(t, waltztest.Deny)
		m.mayFail(t, http.MethodGet, "/login/test/authorized?state=x")
	}
	m.set(func() { m.panics = "" })
	m.mayLogin(t, waltztest.Allow)
	m.set(func() { m.fails = errors.New("the engine is down") })
	m.mayLogin(t, waltztest.Allow)
	m.mayFail(t, http.MethodGet, "/user")
	m.mayFail(t, http.MethodPost, "/login/test/disconnect")
	m.set(func() { m.fails = nil })
	m.provider.Behave(func(b *waltztest.Behaviour) { b.Members = map[string]any{"more": strings.Repeat("x", 10_000)} }) // too large for a session
	m.mayLogin(t, waltztest.Allow)
	m.provider.Behave(func(b *waltztest.Behaviour) { b.Members = nil })
	m.mayLogin(t, waltztest.Allow)
	m.mayFail(t, http.MethodPost, "/expire")
	m.provider.Down()
	m.mayFail(t, http.MethodGet, "/user")
	if err := m.provider.Up(); err != nil {
		t.Fatal(err)
	}
}

// hostility is a provider that gives back what it was sent, wherever it can.
func (m *mine) hostility(t *testing.T) {
	t.Helper()
	for name, echo := range m.echoes() {
		m.mayLogin(t, waltztest.Allow)
		m.during("/userinfo", echo, func() { m.mayFail(t, http.MethodGet, "/identity") })
		if !strings.HasPrefix(name, "redirect") { // where the API's own word leads, that word is in the address
			m.during("/api/user", echo, func() { m.mayFail(t, http.MethodGet, "/call") })
		}
		m.mayFail(t, http.MethodPost, "/expire")
		m.during("/token", echo, func() {
			m.mayFail(t, http.MethodGet, "/user")
			m.mayLogin(t, waltztest.Allow)
		})
		if name == "broken, an error" || name == "no answer" { // each is tried again after a second
			m.during("/revoke", echo, func() { m.mayFail(t, http.MethodPost, "/login/test/disconnect") })
		}
	}
}

// during has requests to path answered by echo while do runs.
func (m *mine) during(path string, echo func(r *http.Request, body string) (*http.Response, error), do func()) {
	m.set(func() {
		m.instead = func(r *http.Request, body string) (*http.Response, error) {
			if r.URL.Path == path {
				return echo(r, body)
			}
			return nil, nil
		}
	})
	defer m.set(func() { m.instead = nil })
	do()
}

// values are what a program holds of waltz, and may print.
func (m *mine) values(t *testing.T, s token.Storage) {
	t.Helper()
	tok, err := m.provider.Grant("1001", "openid")
	if err != nil {
		t.Fatal(err)
	}
	r := token.New(tok)
	key := token.Key{Provider: "test"}
	ctx := t.Context()
	grant := provider.Grant{Code: "fake-code-" + rand.Text(), Verifier: rand.Text() + rand.Text(), Nonce: rand.Text()}
	asked := provider.AuthorizationRequest{State: rand.Text(), Verifier: rand.Text() + rand.Text()}
	m.canaries.Add("code in a Grant", grant.Code)
	m.canaries.Add("verifier in a Grant", grant.Verifier)
	m.canaries.Add("verifier in an AuthorizationRequest", asked.Verifier)
	session := sessionstore.Config{Secrets: []string{m.config.Secret}}
	kept, err := sessionstore.New(session)
	if err != nil {
		t.Fatal(err)
	}
	for name, v := range map[string]any{
		"Token": *tok, "*Token": tok, "Record": r, "*Record": &r, "Entry": token.Entry{Key: key, Record: token.Record{Grant: r.Grant}}, "Key": key,
		"Config": m.config, "*Config": &m.config, "Registration": m.reg, "*Registration": &m.reg, "App": m.app, "Consumer": m.consumer,
		"Client": m.consumer.Client(ctx), "Transport": m.consumer.Client(ctx).Transport, "TokenSource": m.consumer.TokenSource(ctx),
		"provider.Client": &provider.Client{Provider: m.reg.Provider, ID: "id", Secret: m.reg.ClientSecret}, "Provider": m.reg.Provider,
		"Grant": grant, "*Grant": &grant, "AuthorizationRequest": asked, "*AuthorizationRequest": &asked,
		"Failure": &keeper.Failure{Kind: keeper.Refused, Err: errors.New("no")},
		"Storage": s, "sessionstore.Config": session, "*sessionstore.Config": &session, "sessionstore.Storage": kept,
	} {
		m.print("value, "+name, v)
	}
	_, _ = m.to("stacks").Write(debug.Stack())
}

// search looks for every secret in all that got out.
func (m *mine) search(t *testing.T) {
	t.Helper()
	for _, secret := range m.provider.Secrets() {
		m.canaries.Add("what the provider issued or was sent", secret)
	}
	_, _ = io.WriteString(m.to("log, of net/http"), m.log.String())
	m.mu.Lock()
	defer m.mu.Unlock()
	total := 0
	for place, text := range m.out {
		total += text.Len()
		if name, before := m.canaries.Find(text.String()); name != "" {
			t.Errorf("%s is in %s, after %q", name, place, before)
		}
	}
	t.Logf("%d places, %d bytes, %d pieces of secrets", len(m.out), total, m.canaries.Len())
	const least = 10_000
	if len(m.out) < 100 || total < least || m.canaries.Len() < least {
		t.Error("that is too little to have searched")
	}
}
