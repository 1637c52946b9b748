package waltz_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/waltz-oauth/waltz"
	"github.com/waltz-oauth/waltz/storage/memstore"
	"github.com/waltz-oauth/waltz/token"
	"github.com/waltz-oauth/waltz/waltztest"
)

// connected lists what ctx's user has connected, as "provider/user/account subject".
func (w *world) connected(t *testing.T, user string) []string {
	t.Helper()
	var all []string
	for e, err := range w.app.Connections(waltz.WithUser(t.Context(), user)) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Record.Token != nil {
			t.Error("a list has a token in it")
		}
		all = append(all, e.Key.Provider+"/"+e.Key.User+"/"+e.Key.Account+" "+e.Record.Subject)
	}
	return all
}

func TestConnectionsAreTheUsersOwn(t *testing.T) {
	t.Parallel()
	for name, s := range storages(t) {
		if s == nil {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, waltz.Config{Storage: s, User: currentUser}, waltz.Registration{Accounts: true})
			for _, who := range [][2]string{{"ada", "1001"}, {"ada", "1002"}, {"ben", "1002"}} {
				w.be(t, w.browser, who[0])
				resp, err := w.browser.Login(t.Context(), w.URL+"/login/test", who[1], waltztest.Allow)
				read(t, resp, err).want(t, http.StatusOK, "home")
			}
			if got := w.connected(t, "ada"); !slices.Equal(got, []string{"test/ada/1001 1001", "test/ada/1002 1002"}) {
				t.Errorf("ada has connected %q", got)
			}
			if user, err := w.consumer.UserOf(t.Context(), "1001"); user != "ada" || err != nil {
				t.Errorf("1001 is %q, %v", user, err)
			}
			for _, nobody := range []string{"", "1003"} {
				if user, err := w.consumer.UserOf(t.Context(), nobody); !errors.Is(err, waltz.ErrNoToken) {
					t.Errorf("%q is %q, %v", nobody, user, err)
				}
			}
			if err := w.app.DisconnectAll(waltz.WithUser(t.Context(), "ada")); err != nil {
				t.Error(err)
			}
			if got := w.connected(t, "ada"); len(got) != 0 {
				t.Errorf("ada still has %q", got)
			}
			if got := w.connected(t, "ben"); len(got) != 1 {
				t.Errorf("ben has %q", got)
			}
			if n := w.provider.Calls(waltztest.Revoke); n < 2 {
				t.Errorf("%d tokens were revoked", n)
			}
		})
	}
}

func TestConnectionsOfNobodyAreNobodys(t *testing.T) {
	t.Parallel()
	s := storages(t)["memory"]
	w := newWorld(t, waltz.Config{Storage: s, User: currentUser}, waltz.Registration{})
	if err := s.Set(t.Context(), token.Key{Provider: "test", User: "ada"}, token.New(&token.Token{AccessToken: "fake"})); err != nil {
		t.Fatal(err)
	}
	for _, err := range w.app.Connections(t.Context()) {
		if !errors.Is(err, waltz.ErrNoUser) {
			t.Errorf("nobody's connections: %v, want ErrNoUser", err)
		}
	}
	if err := w.app.DisconnectAll(t.Context()); !errors.Is(err, waltz.ErrNoUser) {
		t.Errorf("disconnecting nobody: %v, want ErrNoUser", err)
	}
	if got := w.connected(t, "ada"); len(got) != 1 {
		t.Errorf("ada has %q", got)
	}
}

func TestConnectionsOfASession(t *testing.T) {
	t.Parallel()
	w := newWorld(t, waltz.Config{}, waltz.Registration{})
	w.mux.HandleFunc("GET /connections", func(rw http.ResponseWriter, r *http.Request) {
		for e, err := range w.app.Connections(r.Context()) {
			if err != nil {
				t.Error(err)
			}
			_, _ = rw.Write([]byte(e.Key.Provider + " " + e.Record.State.String()))
		}
	})
	if got := w.get(t, "/connections"); strings.TrimSpace(got.body) != "" {
		t.Errorf("at first: %q", got.body)
	}
	w.login(t, waltztest.Allow).want(t, http.StatusOK, "record(")
	w.get(t, "/connections").want(t, http.StatusOK, "test active")
	if _, err := w.consumer.UserOf(t.Context(), "1001"); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("UserOf: %v", err)
	}
}

func TestRunNeedsAStorageThatCanBeWalked(t *testing.T) {
	t.Parallel()
	w := newWorld(t, waltz.Config{}, waltz.Registration{})
	if err := w.app.Run(t.Context()); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("Run over a session: %v", err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	w = newWorld(t, waltz.Config{Storage: memstore.New(), Site: true}, waltz.Registration{})
	if err := w.app.Run(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Run until it is stopped: %v", err)
	}
}
