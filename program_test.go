package waltz_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz"
	"github.com/waltz-oauth/waltz/provider"
	"github.com/waltz-oauth/waltz/storage/memstore"
	"github.com/waltz-oauth/waltz/token"
	"github.com/waltz-oauth/waltz/waltztest"
)

// program is an application without pages: a command, or a service.
type program struct {
	app      *waltz.App
	consumer *waltz.Consumer
	storage  token.Storage
	log      *lockedBuffer
}

func newProgram(t *testing.T, s *waltztest.Server, c waltz.Config, r waltz.Registration) *program {
	t.Helper()
	p := &program{storage: c.Storage, log: new(lockedBuffer)}
	if c.Storage == nil {
		p.storage = memstore.New()
	}
	c.Secret, c.Storage = fakeSecret, p.storage
	c.User = currentUser
	if c.HTTPClient == nil {
		c.HTTPClient = ownConnections(t)
	}
	c.Logger = slog.New(slog.NewTextHandler(p.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	var err error
	if p.app, err = waltz.New(c); err != nil {
		t.Fatal(err)
	}
	if r.Provider.Name == "" {
		r.Provider = s.Provider()
	}
	r.Name, r.ClientID, r.ClientSecret, r.Public = "test", s.ClientID, s.ClientSecret, s.ClientSecret == ""
	if p.consumer, err = p.app.Register(r); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if secret(p.log.String()) {
			t.Error("a secret is in the log")
		}
	})
	return p
}

// whoAmI asks the API.
func (p *program) whoAmI(ctx context.Context) (string, error) {
	resp, err := p.consumer.Client(ctx).Get("user")
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return fmt.Sprintf("%d %s", resp.StatusCode, body), err
}

func (p *program) is(ctx context.Context, t *testing.T, want string) {
	t.Helper()
	if got, err := p.whoAmI(ctx); err != nil || !strings.Contains(got, want) {
		t.Errorf("the API said %q, %v; want %s", got, err, want)
	}
}

func TestLoginOnAnotherDevice(t *testing.T) {
	t.Parallel()
	for name, public := range map[string]bool{"with a secret": false, "public": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := waltztest.New(t, waltztest.Config{Public: public, Behaviour: waltztest.Behaviour{PollEvery: 20 * time.Millisecond}})
			p := newProgram(t, s, waltz.Config{}, waltz.Registration{Scopes: []string{"openid", "notes"}})
			ctx := waltz.WithUser(t.Context(), "7")
			var all sync.WaitGroup
			defer all.Wait()
			err := p.consumer.LoginDevice(ctx, func(d provider.Device) error {
				if secret(fmt.Sprintf("%v %+v %#v %s %d", d, d, d, d, d)) {
					t.Error("the device's own code is printed")
				}
				if d.UserCode == "" || d.VerificationURL != s.URL+"/device" || time.Until(d.Expiry) > time.Minute {
					t.Errorf("got %v until %v", d, d.Expiry)
				}
				all.Go(func() {
					time.Sleep(50 * time.Millisecond) // some questions come too soon for an answer
					resp, err := waltztest.NewBrowser().Login(t.Context(), d.CompleteURL, "1002", waltztest.Allow)
					read(t, resp, err).want(t, http.StatusOK, "Go back to your device")
				})
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			p.is(ctx, t, "Demo Ben")
			r, err := p.storage.Get(t.Context(), token.Key{Provider: "test", User: "7"})
			if err != nil || r.Token.RefreshToken == "" || r.Token.ExtraString("id_token") == "" {
				t.Errorf("stored %v, %v", r, err)
			}
		})
	}
}

func TestDeviceLoginThatComesToNothing(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		behaviour waltztest.Behaviour
		registr   func(*waltz.Registration)
		user      string
		decision  func(t *testing.T, d provider.Device)
		want      error
		code      string
	}{
		"denied": {
			user: "7", want: waltz.ErrDenied, code: "access_denied",
			decision: func(t *testing.T, d provider.Device) {
				t.Helper()
				resp, err := waltztest.NewBrowser().Login(t.Context(), d.CompleteURL, "", waltztest.Deny)
				read(t, resp, err)
			},
		},
		"nobody came": {behaviour: waltztest.Behaviour{CodeLifetime: 100 * time.Millisecond}, user: "7", code: "expired_token"},
		"no user":     {want: waltz.ErrNoUser},
		"no device URL": {
			user: "7", want: errors.ErrUnsupported,
			registr: func(r *waltz.Registration) { r.Provider.DeviceURL = "" },
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tt.behaviour.PollEvery = 10 * time.Millisecond
			s := waltztest.New(t, waltztest.Config{Behaviour: tt.behaviour})
			r := waltz.Registration{Provider: s.Provider()}
			if tt.registr != nil {
				tt.registr(&r)
			}
			p := newProgram(t, s, waltz.Config{}, r)
			err := p.consumer.LoginDevice(waltz.WithUser(t.Context(), tt.user), func(d provider.Device) error {
				if tt.decision != nil {
					tt.decision(t, d)
				}
				return nil
			})
			var said *provider.Error
			if err == nil || !errors.Is(err, tt.want) && tt.want != nil || tt.code != "" && (!errors.As(err, &said) || said.Code != tt.code) || secret(err.Error()) {
				t.Errorf("got %v, want %v, code %q", err, tt.want, tt.code)
			}
			if _, err := p.storage.Get(t.Context(), token.Key{Provider: "test", User: "7"}); !errors.Is(err, token.ErrNotFound) {
				t.Errorf("a token is stored: %v", err)
			}
		})
	}
}

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
		resp, err := waltztest.NewBrowser().Login(ctx, loginURL, "", waltztest.Allow) // goes on all the same
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

func TestMachineHasATokenOfItsOwn(t *testing.T) {
	t.Parallel()
	s := waltztest.New(t, waltztest.Config{})
	storage := memstore.New()
	r := waltz.Registration{Provider: s.Provider(), Machine: true, Scopes: []string{"notes"}}
	r.Provider.AuthorizationURL = ""
	p := newProgram(t, s, waltz.Config{Storage: storage}, r)
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() { p.is(waltz.WithUser(t.Context(), fmt.Sprint(i)), t, s.ClientID) })
	}
	all.Wait()
	p.is(t.Context(), t, s.ClientID)
	if n := s.Calls(waltztest.Exchange); n != 1 {
		t.Errorf("asked for %d tokens", n)
	}
	another := newProgram(t, s, waltz.Config{Storage: storage}, r)
	another.is(t.Context(), t, s.ClientID)
	if n := s.Calls(waltztest.Exchange); n != 1 {
		t.Errorf("another process asked for the token again: %d", n)
	}

	key := token.Key{Provider: "test"}
	stored, err := storage.Get(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	expired := *stored.Token
	expired.Expiry = time.Now().Add(-time.Second)
	stored.Token = &expired
	if err := storage.Set(t.Context(), key, stored); err != nil {
		t.Fatal(err)
	}
	s.ExpireAll()
	for range 20 {
		all.Go(func() { p.is(t.Context(), t, s.ClientID) })
	}
	all.Wait()
	if n := s.Calls(waltztest.Exchange); n != 2 {
		t.Errorf("a token that expired was had again with %d calls", n-1)
	}
	if err := p.consumer.Disconnect(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := storage.Get(t.Context(), key); !errors.Is(err, token.ErrNotFound) {
		t.Errorf("after Disconnect: %v", err)
	}
}

func TestMachineThatIsRefusedAsksNotAtEveryRequest(t *testing.T) {
	t.Parallel()
	s := waltztest.New(t, waltztest.Config{})
	p := newProgram(t, s, waltz.Config{}, waltz.Registration{Machine: true})
	s.Next(waltztest.Exchange, waltztest.Answer{Status: http.StatusUnauthorized, Body: `{"error":"invalid_client"}`, Repeat: -1})
	for range 5 {
		if got, err := p.whoAmI(t.Context()); err == nil || secret(err.Error()) {
			t.Errorf("got %q, %v", got, err)
		}
	}
	if n := s.Calls(waltztest.Exchange); n != 1 {
		t.Errorf("asked %d times", n)
	}
}

// A user's account is deleted, in a storage that cannot be walked.
func TestMachineIsNoUsersToDisconnect(t *testing.T) {
	t.Parallel()
	s := waltztest.New(t, waltztest.Config{})
	p := newProgram(t, s, waltz.Config{Storage: three{memstore.New()}}, waltz.Registration{Machine: true})
	p.is(t.Context(), t, s.ClientID)
	ctx := waltz.WithUser(t.Context(), "7")
	for e, err := range p.app.Connections(ctx) {
		t.Errorf("the user has connected %v, %v", e.Key, err)
	}
	if err := p.app.DisconnectAll(ctx); err != nil {
		t.Error(err)
	}
	if _, err := p.storage.Get(t.Context(), token.Key{Provider: "test"}); err != nil {
		t.Errorf("the program's token is gone: %v", err)
	}
	if err := p.consumer.Save(ctx, &token.Token{AccessToken: "fake"}); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("Save: %v", err)
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

func TestMachineHasNoLogin(t *testing.T) {
	t.Parallel()
	s := waltztest.New(t, waltztest.Config{})
	p := newProgram(t, s, waltz.Config{}, waltz.Registration{Machine: true})
	if err := p.consumer.LoginDevice(waltz.WithUser(t.Context(), "7"), nil); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("LoginDevice: %v", err)
	}
	w := newWorld(t, waltz.Config{Storage: memstore.New()}, waltz.Registration{Machine: true})
	for _, path := range []string{"/login/test", "/login/test/authorized"} {
		w.get(t, path).want(t, http.StatusNotFound, "")
	}
	for name, r := range map[string]waltz.Registration{
		"no secret":        {Machine: true, Public: true, ClientID: "fake"},
		"several accounts": {Machine: true, Accounts: true, ClientID: "fake", ClientSecret: "fake"},
	} {
		r.Name, r.Provider = "other", s.Provider()
		if _, err := p.app.Register(r); err == nil {
			t.Errorf("%s: registered", name)
		}
	}
}

func TestWhatALoginAsksForIsPushed(t *testing.T) {
	t.Parallel()
	s := waltztest.New(t, waltztest.Config{Behaviour: waltztest.Behaviour{PushOnly: true}})
	p := newProgram(t, s, waltz.Config{}, waltz.Registration{Hooks: waltz.Hooks{
		BeforeLogin: func(_ http.ResponseWriter, _ *http.Request, u *url.URL) error {
			q := u.Query()
			q.Set("scope", "openid notes")
			u.RawQuery = q.Encode()
			return nil
		},
	}})
	ctx, cancel := context.WithTimeout(waltz.WithUser(t.Context(), "7"), 30*time.Second)
	defer cancel()
	err := p.loopbackLogin(ctx, t, func(loginURL string) {
		peek := waltztest.NewBrowser()
		hold(peek)
		resp, err := visit(ctx, peek, loginURL)
		to, _ := url.Parse(read(t, resp, err).header.Get("Location"))
		if q := to.Query(); len(q) != 2 || q.Get("client_id") != s.ClientID || q.Get("request_uri") == "" {
			t.Errorf("the browser is told %d parameters", len(q))
		}
		s.Next(waltztest.Push, waltztest.Answer{Drop: true})
		resp, err = waltztest.NewBrowser().Login(ctx, loginURL, "", waltztest.Allow)
		if err == nil {
			read(t, resp, err)
			t.Error("a login that could not be pushed was let in")
		}
	})
	if e, ok := errors.AsType[*provider.Error](err); !ok || e.Op != "push" || e.Kind != provider.Doubtful || secret(err.Error()) {
		t.Errorf("got %v", err)
	}
	err = p.loopbackLogin(ctx, t, func(loginURL string) {
		resp, err := waltztest.NewBrowser().Login(ctx, loginURL, "", waltztest.Allow)
		read(t, resp, err).want(t, http.StatusOK, "Connected")
	})
	if err != nil {
		t.Fatal(err)
	}
	r, err := p.storage.Get(t.Context(), token.Key{Provider: "test", User: "7"})
	if err != nil || !slices.Equal(r.Token.Scopes, []string{"openid", "notes"}) {
		t.Errorf("what the hook asked for was not pushed: %v, %v", r, err)
	}
}

func TestProviderThatTakesOnlyPushedLoginsNeedsThemPushed(t *testing.T) {
	t.Parallel()
	s := waltztest.New(t, waltztest.Config{})
	for _, only := range []bool{false, true} {
		s.Behave(func(b *waltztest.Behaviour) { b.PushOnly = only })
		found, err := provider.Discover(t.Context(), nil, s.URL)
		if err != nil || (found.PushURL != "") != only || found.DeviceURL == "" {
			t.Errorf("push only %t: found %q and %q, %v", only, found.PushURL, found.DeviceURL, err)
		}
	}
}
