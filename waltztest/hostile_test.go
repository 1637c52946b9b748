package waltztest_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz"
	"github.com/waltz-oauth/waltz/keeper"
	"github.com/waltz-oauth/waltz/provider"
	"github.com/waltz-oauth/waltz/storage/memstore"
	"github.com/waltz-oauth/waltz/token"
	"github.com/waltz-oauth/waltz/waltztest"
)

// site is an application in several processes, one of whose tokens has expired.
type site struct {
	*testing.T
	server    *waltztest.Server
	storage   *memstore.Storage
	processes []*waltz.Consumer
	first     *token.Token
}

func newSite(t *testing.T, server *waltztest.Server, patience time.Duration) *site {
	t.Helper()
	s := &site{T: t, server: server, storage: memstore.New()}
	for range 5 {
		app, err := waltz.New(waltz.Config{
			Secret: "fake-secret-of-32-bytes-or-more-0123456789", Storage: s.storage, Site: true,
			HTTPClient: &http.Client{Timeout: patience}, Logger: slog.New(slog.DiscardHandler),
		})
		if err != nil {
			t.Fatal(err)
		}
		c, err := app.Register(waltz.Registration{Provider: server.Provider(), ClientID: server.ClientID, ClientSecret: server.ClientSecret})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = app.Shutdown(context.WithoutCancel(t.Context())) })
		s.processes = append(s.processes, c)
	}
	var err error
	if s.first, err = server.Grant("1001", "read"); err != nil {
		t.Fatal(err)
	}
	s.first.Expiry = time.Now().Add(-time.Second)
	if err := s.processes[0].Save(t.Context(), s.first); err != nil {
		t.Fatal(err)
	}
	return s
}

// ask has each process ask for the token in turn, and returns the first one's answer.
func (s *site) ask() (*token.Token, error) {
	s.Helper()
	t, err := s.processes[0].Token(s.Context())
	for _, c := range s.processes[1:] {
		_, _ = c.Token(s.Context())
	}
	return t, err
}

// pass makes the time for which nobody tries again pass.
func (s *site) pass() {
	s.Helper()
	key := token.Key{Provider: "waltztest"}
	r, err := s.storage.Get(s.Context(), key)
	if err != nil {
		s.Fatal(err)
	}
	r.NotBefore = time.Time{}
	if err := s.storage.Set(s.Context(), key, r); err != nil {
		s.Fatal(err)
	}
}

// shows checks the health of the connection, and how often the provider was asked to refresh.
func (s *site) shows(state token.State, reason string, calls int) {
	s.Helper()
	r, err := s.processes[1].Record(s.Context())
	if err != nil {
		s.Fatal(err)
	}
	if r.State != state || r.Reason != reason || r.Since.IsZero() {
		s.Errorf("the connection is %s, reason %q, since %v; want %s, %q", r.State, r.Reason, r.Since, state, reason)
	}
	if n := s.server.Calls(waltztest.Refresh); n != calls {
		s.Errorf("the provider was asked %d times to refresh, want %d", n, calls)
	}
}

func TestHostileProviders(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		hostile  func(*waltztest.Server)
		kind     keeper.Kind // of the first failure
		reason   string
		spent    bool // so that it is the end where refresh tokens work once
		patience time.Duration
	}{
		"500 after rotating": {func(server *waltztest.Server) {
			// The refresh token is spent, and the client is told that something went wrong.
			server.Next(waltztest.Refresh, waltztest.Answer{Status: http.StatusInternalServerError, Handled: true})
		}, keeper.Doubtful, "doubtful", true, 0},
		"truncated after rotating": {func(server *waltztest.Server) {
			// The refresh token is spent, and half of the answer comes.
			server.Next(waltztest.Refresh, waltztest.Answer{Truncate: true})
		}, keeper.Doubtful, "doubtful", true, 0},
		"slow": {func(server *waltztest.Server) {
			// The refresh token is spent, and the client does not wait for so long.
			server.Next(waltztest.Refresh, waltztest.Answer{Delay: time.Hour})
		}, keeper.Doubtful, "doubtful", true, 3 * time.Second},
		"500 and nothing spent": {func(server *waltztest.Server) {
			server.Next(waltztest.Refresh, waltztest.Answer{Status: http.StatusInternalServerError})
		}, keeper.Doubtful, "doubtful", false, 0},
		"429, seconds": {func(server *waltztest.Server) {
			// Too many requests: come back in an hour.
			server.Next(waltztest.Refresh, waltztest.Answer{Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"3600"}}})
		}, keeper.Limited, "limited", false, 0},
		"429, date": {func(server *waltztest.Server) {
			// The same as a date, by the clock of a provider that is ten minutes ahead.
			server.Behave(func(b *waltztest.Behaviour) { b.Skew = 10 * time.Minute })
			inAnHour := server.Now().Add(time.Hour).UTC().Format(http.TimeFormat)
			server.Next(waltztest.Refresh, waltztest.Answer{Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {inAnHour}}})
		}, keeper.Limited, "limited", false, 0},
	} {
		for how, rotation := range map[string]waltztest.Rotation{"works once": waltztest.RotateStrict, "works until its successor does": waltztest.RotateOnUse} {
			recovers := !tt.spent || rotation == waltztest.RotateOnUse
			t.Run(name+"/"+how, func(t *testing.T) {
				t.Parallel()
				s := newSite(t, waltztest.New(t, waltztest.Config{Behaviour: waltztest.Behaviour{Rotation: rotation}}), tt.patience)
				tt.hostile(s.server)
				_, err := s.ask()
				var f *keeper.Failure
				if !errors.As(err, &f) || f.Kind != tt.kind {
					t.Fatalf("got error %v, want a failure that is %s", err, tt.kind)
				}
				if tt.kind == keeper.Limited && (f.RetryAfter < 59*time.Minute || f.RetryAfter > 80*time.Minute) {
					t.Errorf("retry after %v, want an hour and a little more", f.RetryAfter)
				}
				state := token.InDoubt
				if tt.kind == keeper.Limited {
					state = token.Active
				}
				s.shows(state, tt.reason, 1)

				s.pass()
				fresh, err := s.ask()
				if !recovers {
					if !errors.Is(err, waltz.ErrReauthorize) {
						t.Errorf("got error %v, want that the person must log in again", err)
					}
					s.shows(token.Reauthorize, "invalid_grant", 2)
					return
				}
				if err != nil || fresh.AccessToken == s.first.AccessToken {
					t.Errorf("got %v, %v", fresh, err)
				}
				s.shows(token.Active, "", 2)
			})
		}
	}
}

// The strictest of providers, and an application that does nothing wrong.
func TestStrictProviderIsAskedOnce(t *testing.T) {
	t.Parallel()
	for name, skew := range map[string]time.Duration{"clocks agree": 0, "it is ahead": 10 * time.Minute, "it is behind": -10 * time.Minute} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, waltztest.New(t, waltztest.Config{Behaviour: waltztest.Behaviour{Skew: skew}}), 0)
			fresh, err := s.ask()
			if err != nil || !fresh.Expiry.After(time.Now().Add(50*time.Minute)) || fresh.Expiry.After(time.Now().Add(time.Hour)) {
				t.Fatalf("got %v until %v, %v; want a token for an hour", fresh, fresh.Expiry, err)
			}
			resp, err := s.processes[2].Client(t.Context()).Get("/user")
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			if resp.StatusCode != http.StatusOK {
				t.Errorf("the API answered %s", resp.Status)
			}
			s.shows(token.Active, "", 1)
		})
	}
}

// Somebody has a copy of the first refresh token, and uses it after the application did.
func TestReuseEndsTheFamily(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		behaviour waltztest.Behaviour
		ends      bool
	}{
		"strict":       {waltztest.Behaviour{}, true},
		"loose":        {waltztest.Behaviour{Rotation: waltztest.RotateLoosely}, false},
		"within grace": {waltztest.Behaviour{Grace: time.Hour}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, waltztest.New(t, waltztest.Config{Behaviour: tt.behaviour}), 0)
			fresh, err := s.ask()
			if err != nil {
				t.Fatal(err)
			}
			thief := &provider.Client{Provider: s.server.Provider(), ID: s.server.ClientID, Secret: s.server.ClientSecret}
			_, err = thief.Refresh(t.Context(), s.first)
			if stolen := err == nil; stolen != (tt.behaviour.Grace > 0) {
				t.Errorf("the thief got %v", err)
			}
			expired := *fresh
			expired.Expiry = time.Now().Add(-time.Second)
			if err := s.processes[0].Save(t.Context(), &expired); err != nil {
				t.Fatal(err)
			}
			_, err = s.ask()
			if ended := errors.Is(err, waltz.ErrReauthorize); ended != tt.ends || err != nil && !ended {
				t.Errorf("got error %v, want that the grant has ended: %v", err, tt.ends)
			}
		})
	}
}

// It ends the grant as any other does, and is asked for once.
func TestRefusalWithStatus200(t *testing.T) {
	t.Parallel()
	server := waltztest.New(t, waltztest.Config{})
	s := newSite(t, server, 0)
	// A refusal that looks like success.
	server.Next(waltztest.Refresh, waltztest.Answer{Status: http.StatusOK, Body: `{"error":"invalid_grant"}`})
	for range 200 { // by each of five processes
		if _, err := s.ask(); !errors.Is(err, waltz.ErrReauthorize) {
			t.Fatalf("got error %v, want that the person must log in again", err)
		}
	}
	s.shows(token.Reauthorize, "invalid_grant", 1)
	if ok, err := s.processes[3].Authorized(t.Context()); ok || err != nil {
		t.Errorf("Authorized: %v, %v", ok, err)
	}
}
