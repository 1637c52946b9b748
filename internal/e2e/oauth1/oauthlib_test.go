package oauth1

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"reflect"
	"strings"
	"testing"

	"github.com/waltz-oauth/waltz"
	"github.com/waltz-oauth/waltz/provider"
	"github.com/waltz-oauth/waltz/storage/memstore"
)

// python is Debian's, which has the package.
const python = "/usr/bin/python3"

const (
	clientID     = "fakeclientid"
	clientSecret = "fake-secret+ &%é"
)

// registered is a way of signing: what the client has of it, and what the provider.
type registered struct {
	signature provider.Signature
	secret    string
	env       []string
}

func registrations(t *testing.T) []registered {
	t.Helper()
	const bits = 2048
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	inPEM := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	shared := []string{"CLIENT_SECRET=" + clientSecret}
	return []registered{
		{provider.HMACSHA1, clientSecret, shared},
		{provider.HMACSHA256, clientSecret, shared},
		{provider.RSASHA1, inPEM("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key)), []string{"PUBLIC_KEY=" + inPEM("PUBLIC KEY", public)}},
		{provider.Plaintext, clientSecret, shared},
	}
}

// startServer starts testdata/server.py and returns where it is.
func startServer(t *testing.T, env ...string) string {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), python, "-c", "import oauthlib.oauth1, jwt, cryptography").CombinedOutput(); err != nil {
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		why := "no oauthlib: apt-get install python3-oauthlib python3-jwt python3-cryptography (" + lines[len(lines)-1] + ")"
		if os.Getenv("CI") == "true" {
			t.Fatal(why)
		}
		t.Skip(why)
	}
	c := exec.CommandContext(t.Context(), python, "testdata/server.py")
	c.Env = append(append(os.Environ(), "CLIENT_ID="+clientID, "PYTHONDONTWRITEBYTECODE=1"), env...)
	log := new(bytes.Buffer)
	c.Stderr = log
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	port, err := bufio.NewReader(out).ReadString('\n')
	t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait() // which says that it was killed
		if t.Failed() {
			t.Log(log.String())
		}
	})
	if err != nil {
		t.Fatal("the server did not start")
	}
	return "http://127.0.0.1:" + strings.TrimSpace(port)
}

// application is one, and a person's browser.
type application struct {
	url      string
	consumer *waltz.Consumer
	browser  *http.Client
	failed   error
}

// start starts a provider and an application that signs with secret.
func start(t *testing.T, r registered, secret string) *application {
	t.Helper()
	a := new(application)
	mux := http.NewServeMux()
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	a.url = s.URL
	at := startServer(t, append(r.env, "METHOD="+r.signature.String(), "REDIRECT_URI="+s.URL+"/login/oauthlib/authorized")...)
	app, err := waltz.New(waltz.Config{Secret: "fake-secret-of-32-bytes-or-more-0123456789", Storage: memstore.New(), Site: true, BaseURL: s.URL})
	if err != nil {
		t.Fatal(err)
	}
	a.consumer, err = app.Register(waltz.Registration{
		Provider: provider.Provider{
			Name: "oauthlib", DisplayName: "oauthlib",
			RequestTokenURL: at + "/request", AuthorizationURL: at + "/authorize", TokenURL: at + "/token", Signature: r.signature,
			APIBase: at + "/api/", Userinfo: provider.Userinfo{URL: at + "/api/me", ID: "/id"},
		},
		ClientID: clientID, ClientSecret: secret,
		Hooks: waltz.Hooks{Failed: func(_ http.ResponseWriter, _ *http.Request, err error) { a.failed = err }},
	})
	if err != nil {
		t.Fatal(err)
	}
	mux.Handle("/login/", app)
	mux.HandleFunc("/done", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "done") })
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	a.browser = &http.Client{Jar: jar}
	return a
}

func (a *application) login(t *testing.T) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, a.url+"/login/oauthlib?next=/done", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := a.browser.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

func TestEverySignatureDancesWithOauthlib(t *testing.T) {
	t.Parallel()
	for _, r := range registrations(t) {
		t.Run(r.signature.String(), func(t *testing.T) {
			t.Parallel()
			a := start(t, r, r.secret)
			if status := a.login(t); status != http.StatusOK || a.failed != nil {
				t.Fatalf("the login ends with %d, %v", status, a.failed)
			}
			tok, err := a.consumer.Token(t.Context())
			if err != nil || tok.ExtraString("user") != "4711" || tok.Secret == "" {
				t.Errorf("the token is another, %v", err)
			}
			if who, err := a.consumer.Identity(t.Context()); err != nil || who.Subject != "4711" {
				t.Errorf("the account is %q, %v", who.Subject, err)
			}
			form := "application/x-www-form-urlencoded"
			for _, call := range []struct {
				method, path, kind, body string
				got                      [][2]string
			}{
				{http.MethodGet, "things", "", "", nil},
				{http.MethodGet, "/things?b=2&a=x%20y&a=%C3%A9%2B&a=&c=~%2A", "", "", [][2]string{{"a", ""}, {"a", "x y"}, {"a", "é+"}, {"b", "2"}, {"c", "~*"}}},
				{http.MethodPost, "things?a=2", form, "a=1&b=x+y&a=%26%3D", [][2]string{{"a", "&="}, {"a", "1"}, {"a", "2"}, {"b", "x y"}}},
				{http.MethodPut, "things", form + "; charset=utf-8", "a=1&a=0", [][2]string{{"a", "0"}, {"a", "1"}}},
				{http.MethodPost, "things/%C3%A9%2Fx?a=1", "application/json", `{"b":2}`, [][2]string{{"a", "1"}}},
			} {
				a.call(t, call.method, call.path, call.kind, call.body, call.got)
			}
		})
	}
}

// call sends a request to the API, which says what it got.
func (a *application) call(t *testing.T, method, path, kind, body string, want [][2]string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	resp, err := a.consumer.Client(t.Context()).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var said struct{ Got [][2]string }
	err = json.NewDecoder(resp.Body).Decode(&said)
	if resp.StatusCode != http.StatusOK || err != nil || len(want)+len(said.Got) > 0 && !reflect.DeepEqual(said.Got, want) {
		t.Errorf("%s %s with %q: %d, the API got %v, want %v, %v", method, path, body, resp.StatusCode, said.Got, want, err)
	}
}

func TestOauthlibRefusesAnothersSignature(t *testing.T) {
	t.Parallel()
	all := registrations(t)
	another := registrations(t)[2].secret // that of RSA-SHA1
	for i, r := range all {
		t.Run(r.signature.String(), func(t *testing.T) {
			t.Parallel()
			secret := "fake-secret-of-another"
			if r.signature == provider.RSASHA1 {
				secret = another
			}
			a := start(t, all[i], secret)
			if status := a.login(t); status != http.StatusBadGateway {
				t.Errorf("the login ends with %d", status)
			}
			if a.failed == nil || strings.Contains(a.failed.Error(), url.QueryEscape(secret)) || strings.Contains(a.failed.Error(), secret) {
				t.Error("the error is none, or has the secret in it")
			}
		})
	}
}
