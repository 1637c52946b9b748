package waltz_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz"
	"github.com/waltz-oauth/waltz/waltztest"
)

// loopbackLogin has the program log in, and browse do what the person does with the address.
func (p *program) loopbackLogin(ctx context.Context, t *testing.T, browse func(loginURL string)) error {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	defer all.Wait()
	return p.consumer.LoginLoopback(ctx, l, func(loginURL string) error {
		all.Go(func() { browse(loginURL) })
		return nil
	})
}

// visit goes to the address.
func visit(ctx context.Context, b *waltztest.Browser, address string) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, err
	}
	return b.Client.Do(r)
}

func TestLoginOfAProgramOverLoopback(t *testing.T) {
	t.Parallel()
	s := waltztest.New(t, waltztest.Config{Public: true})
	p := newProgram(t, s, waltz.Config{}, waltz.Registration{Scopes: []string{"openid"}})
	ctx, cancel := context.WithTimeout(waltz.WithUser(t.Context(), "7"), 30*time.Second)
	defer cancel()
	err := p.loopbackLogin(ctx, t, func(loginURL string) {
		resp, err := waltztest.NewBrowser().Login(ctx, loginURL, "1002", waltztest.Allow)
		page := read(t, resp, err)
		page.want(t, http.StatusOK, "You can close this window")
		if page.header.Get("Cache-Control") != "no-store" || page.header.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("the page after the login has the headers %v", page.header)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	p.is(ctx, t, "Demo Ben")
}

func TestLoopbackLoginThatIsDenied(t *testing.T) {
	t.Parallel()
	s := waltztest.New(t, waltztest.Config{})
	p := newProgram(t, s, waltz.Config{}, waltz.Registration{})
	ctx, cancel := context.WithTimeout(waltz.WithUser(t.Context(), "7"), 30*time.Second)
	defer cancel()
	err := p.loopbackLogin(ctx, t, func(loginURL string) {
		resp, err := waltztest.NewBrowser().Login(ctx, loginURL, "", waltztest.Deny)
		read(t, resp, err).want(t, http.StatusForbidden, "Nothing was stored")
	})
	if !errors.Is(err, waltz.ErrDenied) || secret(err.Error()) {
		t.Errorf("got %v", err)
	}
}

// Another person of the same machine, or a page in the same browser, finds the port and knows the paths.
func TestLoopbackLoginIsForWhoWasShownTheAddress(t *testing.T) {
	t.Parallel()
	s := waltztest.New(t, waltztest.Config{})
	p := newProgram(t, s, waltz.Config{}, waltz.Registration{})
	ctx, cancel := context.WithTimeout(waltz.WithUser(t.Context(), "7"), 30*time.Second)
	defer cancel()
	err := p.loopbackLogin(ctx, t, func(loginURL string) {
		guessed, _, _ := strings.Cut(loginURL, "?")
		for _, address := range []string{guessed, guessed + "?once=", guessed + "?once=guessed"} {
			resp, err := visit(ctx, waltztest.NewBrowser(), address)
			read(t, resp, err).want(t, http.StatusForbidden, "not the address")
		}
		for _, forged := range []string{"?code=forged&state=forged", "?error=access_denied&state=forged", ""} {
			resp, err := visit(ctx, waltztest.NewBrowser(), guessed+"/authorized"+forged)
			read(t, resp, err).want(t, http.StatusBadRequest, "This login is over")
		}
		r, err := http.NewRequestWithContext(ctx, http.MethodHead, loginURL, http.NoBody)
		if err != nil {
			t.Error(err)
			return
		}
		resp, err := waltztest.NewBrowser().Client.Do(r)
		if looked := read(t, resp, err); looked.status != http.StatusForbidden || looked.header.Get("Set-Cookie") != "" {
			t.Errorf("a look ahead began a login: %d", looked.status)
		}
		resp, err = waltztest.NewBrowser().Login(ctx, loginURL, "", waltztest.Allow) // goes on all the same
		read(t, resp, err).want(t, http.StatusOK, "You can close this window")
	})
	if err != nil {
		t.Fatal(err)
	}
	p.is(ctx, t, "Demo Ada")
}

func TestLoopbackLoginRefusesWhatCouldNotBeSafe(t *testing.T) {
	t.Parallel()
	s := waltztest.New(t, waltztest.Config{})
	listen := func(address string) net.Listener {
		l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	never := func(string) error {
		t.Error("the person was shown an address")
		return nil
	}
	site := newProgram(t, s, waltz.Config{BaseURL: "https://app.example"}, waltz.Registration{})
	p := newProgram(t, s, waltz.Config{}, waltz.Registration{})
	ctx, end := context.WithTimeout(waltz.WithUser(t.Context(), "7"), 10*time.Second)
	defer end()
	for name, err := range map[string]error{
		"every interface": p.consumer.LoginLoopback(ctx, listen("0.0.0.0:0"), never),
		"a site":          site.consumer.LoginLoopback(ctx, listen("127.0.0.1:0"), never),
		"nobody":          p.consumer.LoginLoopback(t.Context(), listen("127.0.0.1:0"), never),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	ended, cancel := context.WithCancel(ctx)
	if err := p.consumer.LoginLoopback(ended, listen("127.0.0.1:0"), func(string) error { cancel(); return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("a login that was given up: %v", err)
	}
	cannot := errors.New("there is no browser")
	if err := p.consumer.LoginLoopback(ctx, listen("127.0.0.1:0"), func(string) error { return cannot }); !errors.Is(err, cannot) {
		t.Errorf("an address that could not be shown: %v", err)
	}
}

func TestProgramKeepsItsLoginForTheAccountOfItsContext(t *testing.T) {
	t.Parallel()
	s := waltztest.New(t, waltztest.Config{})
	p := newProgram(t, s, waltz.Config{}, waltz.Registration{})
	ctx, cancel := context.WithTimeout(waltz.WithAccount(waltz.WithUser(t.Context(), "7"), "work"), 30*time.Second)
	defer cancel()
	err := p.loopbackLogin(ctx, t, func(loginURL string) {
		resp, err := waltztest.NewBrowser().Login(ctx, loginURL, "", waltztest.Allow)
		read(t, resp, err).want(t, http.StatusOK, "Connected")
	})
	if err != nil {
		t.Fatal(err)
	}
	p.is(ctx, t, "Demo Ada")
}
