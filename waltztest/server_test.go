package waltztest_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz/waltztest"
)

func TestOtherMachinesAreKeptOutUnlessMeant(t *testing.T) {
	t.Parallel()
	for _, addr := range []string{":0", "0.0.0.0:0", "[::]:0", "app.example:0", "127.0.0.1", "nonsense"} {
		if s, err := waltztest.Start(waltztest.Config{Addr: addr}); err == nil {
			s.Down()
			t.Errorf("%q was listened on", addr)
		}
	}
	s, err := waltztest.Start(waltztest.Config{Addr: "0.0.0.0:0", URL: "http://test.example"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Down()
	if s.URL != "http://test.example" || s.Provider().TokenURL != "http://test.example/token" {
		t.Errorf("URL %q, token URL %q", s.URL, s.Provider().TokenURL)
	}
}

func TestGrantsOutliveAnOutage(t *testing.T) {
	t.Parallel()
	c := newClient(t, waltztest.Config{})
	got := c.connect()
	c.Down()
	c.Down() // already
	resp, err := c.http.Do(c.request(http.MethodGet, "/api/user", ""))
	if err == nil {
		_ = resp.Body.Close()
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("error %v", err)
	}
	if err := c.Up(); err != nil {
		t.Fatal(err)
	}
	c.works(got.Access, true)
}

func TestDownEndsDelays(t *testing.T) {
	t.Parallel()
	c := newClient(t, waltztest.Config{})
	c.Next(waltztest.Metadata, waltztest.Answer{Delay: time.Hour})
	r := c.request(http.MethodGet, "/.well-known/openid-configuration", "")
	ended := make(chan error)
	go func() {
		resp, err := c.http.Do(r)
		if err == nil {
			err = resp.Body.Close()
		}
		ended <- err
	}()
	for c.Calls(waltztest.Metadata) == 0 {
		time.Sleep(time.Millisecond)
	}
	c.Down()
	if err := <-ended; err == nil {
		t.Error("the request was answered")
	}
}

func TestGrantGivesATokenWithoutALogin(t *testing.T) {
	t.Parallel()
	c := newClient(t, waltztest.Config{})
	tok, err := c.Grant("1002", "read")
	if err != nil {
		t.Fatal(err)
	}
	if a := c.api(tok.AccessToken); !strings.Contains(a.body, "Demo Ben") {
		t.Errorf("the API answered %s", a.Status)
	}
	if tok.TokenType != "Bearer" || len(tok.Scopes) != 1 || tok.Expiry.IsZero() {
		t.Errorf("type %q, scopes %v, expiry %v", tok.TokenType, tok.Scopes, tok.Expiry)
	}
	c.is(c.refresh(tok.RefreshToken), "")
	if _, err := c.Grant("1003"); err == nil {
		t.Error("a stranger was granted a token")
	}
}

func TestEverySecretIsPlainlyFake(t *testing.T) {
	t.Parallel()
	c := newClient(t, waltztest.Config{})
	code := c.login(nil)
	got := c.tokens(c.post("/token", codeGrant(code)))
	for _, secret := range []string{c.ClientSecret, code, got.Access, got.Refresh} {
		if !strings.HasPrefix(secret, "fake-") {
			t.Error("a secret does not begin with fake-")
		}
	}
}

func TestParallelLoginsStayApart(t *testing.T) {
	t.Parallel()
	c := newClient(t, waltztest.Config{})
	for i := range 8 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			c := &client{t, c.Server, c.http}
			c.Behave(func(b *waltztest.Behaviour) { b.AccessLifetime = time.Hour + time.Duration(i)*time.Second })
			got := c.connect()
			c.works(got.Access, true)
			got = c.refresh(got.Refresh)
			c.works(got.Access, true)
			c.Next(waltztest.Keys, waltztest.Answer{Status: http.StatusTeapot})
			_ = c.Log()
		})
	}
}
