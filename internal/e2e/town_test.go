package e2e

import (
	"context"
	"crypto/tls"
	"fmt"
	"html"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/waltz-oauth/waltz"
	"github.com/waltz-oauth/waltz/waltztest"
)

// town is an application at https://app.example, with tokens in the session, and hostile sites: one at
// a subdomain of its, one elsewhere. A browser and its attackers find them all on this machine.
type town struct {
	browser
	home     string // the application's address
	provider *waltztest.Server
	server   *httptest.Server

	mu    sync.Mutex
	pages map[string]http.HandlerFunc // of the hostile sites, by path
}

// The hostile sites.
const (
	sibling = "evil.app.example"
	distant = "evil.example"
)

// newTown builds a town, and a browser that knows the way. Registration may be changed.
func newTown(t *testing.T, change func(*town, *waltz.Registration)) *town {
	t.Helper()
	to := &town{pages: make(map[string]http.HandlerFunc)}
	mux := http.NewServeMux()
	to.server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if host, _, _ := net.SplitHostPort(r.Host); host == "app.example" {
			mux.ServeHTTP(w, r)
			return
		}
		to.hostile(w, r)
	}))
	to.server.Config.ErrorLog = log.New(io.Discard, "", 0) // connections that a browser opens ahead and leaves
	to.server.StartTLS()
	t.Cleanup(to.server.Close)
	to.home = to.at("app.example", "")
	to.provider = waltztest.New(t, waltztest.Config{RedirectURIs: []string{to.home + "/login/test/authorized"}})
	app, err := waltz.New(waltz.Config{
		Secret: "fake-secret-of-thirty-two-bytes-and-more", BaseURL: to.home, Logger: slog.New(slog.NewTextHandler(t.Output(), nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	r := waltz.Registration{Provider: to.provider.Provider(), Name: "test", ClientID: to.provider.ClientID, ClientSecret: to.provider.ClientSecret, Scopes: []string{"openid"}}
	if change != nil {
		change(to, &r)
	}
	consumer, err := app.Register(r)
	if err != nil {
		t.Fatal(err)
	}
	mux.Handle("/login/", app)
	mux.Handle("/", app.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, err := consumer.Identity(r.Context())
		if err != nil {
			id.Name = "nobody"
		}
		fmt.Fprintf(w, `<!doctype html><link rel="icon" href="data:,"><p id="who">%s</p><a id="login" href="/login/test">log in</a>
<form method="post" action="/login/test/disconnect"><button id="disconnect">disconnect</button></form>`, html.EscapeString(id.Name))
	})))
	to.browser = chromium(t,
		chromedp.Flag("host-resolver-rules", "MAP *.example 127.0.0.1"),
		chromedp.Flag("ignore-certificate-errors", true), // all of them have the one of httptest
	)
	return to
}

// at is an address in the town.
func (to *town) at(host, path string) string {
	_, port, _ := net.SplitHostPort(to.server.Listener.Addr().String())
	return "https://" + host + ":" + port + path
}

// hostile serves what was put at a path.
func (to *town) hostile(w http.ResponseWriter, r *http.Request) {
	to.mu.Lock()
	page, ok := to.pages[r.URL.Path]
	to.mu.Unlock()
	if !ok {
		http.NotFound(w, r)
		return
	}
	page(w, r)
}

// put puts a page at a path of both hostile sites.
func (to *town) put(path string, page http.HandlerFunc) {
	to.mu.Lock()
	defer to.mu.Unlock()
	to.pages[path] = page
}

// write puts a page of that text at a path of both hostile sites.
func (to *town) write(path, text string) {
	to.put(path, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `<!doctype html><link rel="icon" href="data:,">`+text)
	})
}

// attacker is somebody with a browser of plain HTTP, which stops at the application's callback.
func (to *town) attacker() *waltztest.Browser {
	b := waltztest.NewBrowser()
	b.Client.Transport = &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			if strings.Contains(addr, ".example:") {
				addr = to.server.Listener.Addr().String()
			}
			return new(net.Dialer).DialContext(ctx, network, addr)
		},
	}
	b.Client.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		if strings.HasSuffix(r.URL.Path, "/authorized") {
			return http.ErrUseLastResponse
		}
		return nil
	}
	return b
}

// stolen begins a login of the attacker's, as Demo Ben, and goes as far as the provider's answer. It
// returns where that leads, and the cookies that belong to it.
func (to *town) stolen(t *testing.T) (callback string, cookies []*http.Cookie) {
	t.Helper()
	b := to.attacker()
	resp, err := b.Login(t.Context(), to.home+"/login/test", "1002", waltztest.Allow)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	callback = resp.Header.Get("Location")
	app, err := resp.Request.URL.Parse(to.home)
	if err != nil {
		t.Fatal(err)
	}
	cookies = b.Client.Jar.Cookies(app)
	if callback == "" || len(cookies) == 0 {
		t.Fatal("the attacker has no login to give")
	}
	return callback, cookies
}

// victim is somebody in the town who is about to be attacked.
type victim struct {
	*tab
	*town
}

func (to *town) victim(t *testing.T) *victim {
	t.Helper()
	v := &victim{to.stranger(t), to}
	v.onPurpose()
	return v
}

// login logs the victim in, as Demo Ada.
func (v *victim) login() {
	v.t.Helper()
	v.visit(v.home)
	v.follow("#login")
	v.follow(allow)
	v.want("Demo Ada")
}

// want checks whom the application takes the victim for.
func (v *victim) want(name string) {
	v.t.Helper()
	v.visit(v.home)
	if who := v.text("#who"); who != name {
		v.t.Errorf("the application takes the victim for %s, want %s", who, name)
	}
}
