package waltz_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/waltz-oauth/waltz"
	"github.com/waltz-oauth/waltz/storage/memstore"
	"github.com/waltz-oauth/waltz/token"
	"github.com/waltz-oauth/waltz/waltztest"
)

func TestBeforeLoginMayChangeTheAddressOrRefuse(t *testing.T) {
	t.Parallel()
	var refuse error
	w := newWorld(t, waltz.Config{}, waltz.Registration{
		Params: map[string]string{"prompt": "consent"},
		Hooks: waltz.Hooks{BeforeLogin: func(_ http.ResponseWriter, _ *http.Request, u *url.URL) error {
			q := u.Query()
			q.Set("login_hint", "ada@example.com")
			u.RawQuery = q.Encode()
			return refuse
		}},
	})
	hold(w.browser)
	p := w.get(t, "/login/test")
	q := request(t, http.MethodGet, p.header.Get("Location"), "").URL.Query()
	if p.status != http.StatusFound || q.Get("login_hint") != "ada@example.com" || q.Get("prompt") != "consent" {
		t.Errorf("sent to %q", p.header.Get("Location"))
	}
	refuse = waltz.ErrRefused
	p = w.get(t, "/login/test")
	p.want(t, http.StatusForbidden, "cannot be used here")
	if p.header.Get("Set-Cookie") != "" {
		t.Error("a refused login has a cookie")
	}
}

// TestAuthorizedMakesTheUser logs in with the provider: the visitor is nobody until the hook has
// asked whose account it is.
func TestAuthorizedMakesTheUser(t *testing.T) {
	t.Parallel()
	s := memstore.New()
	w := newWorld(t, waltz.Config{Storage: s, User: currentUser}, waltz.Registration{Hooks: waltz.Hooks{
		Authorized: func(w http.ResponseWriter, r *http.Request, a *waltz.Authorization) error {
			id, err := a.Identity(r.Context())
			if err != nil {
				return err
			}
			resp, err := a.Client(r.Context()).Get("/user")
			if err != nil {
				return err
			}
			defer resp.Body.Close()
			if body, _ := io.ReadAll(resp.Body); !strings.Contains(string(body), id.Name) {
				return errors.New("the API and the identity differ")
			}
			a.User = "user-" + id.Subject
			http.SetCookie(w, &http.Cookie{Name: "user", Value: a.User, Path: "/"})
			return nil
		},
	}})
	w.login(t, waltztest.Allow).want(t, http.StatusOK, "record(")
	w.get(t, "/user").want(t, http.StatusOK, "Demo Ada")
	r, err := s.Get(t.Context(), token.Key{Provider: "test", User: "user-1001"})
	if err != nil || r.Subject != "1001" {
		t.Errorf("stored %v for %q, %v", r, r.Subject, err)
	}
}

func TestAuthorizedMayRefuseOrAnswer(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		hook   func(http.ResponseWriter, *http.Request, *waltz.Authorization) error
		status int
		says   string
		stored bool
	}{
		"refused": {func(http.ResponseWriter, *http.Request, *waltz.Authorization) error {
			return waltz.ErrRefused
		}, http.StatusForbidden, "cannot be used here", false},
		"failed": {func(http.ResponseWriter, *http.Request, *waltz.Authorization) error {
			return errors.New("the database is down")
		}, http.StatusInternalServerError, "Something went wrong here", false},
		"answered": {func(w http.ResponseWriter, _ *http.Request, _ *waltz.Authorization) error {
			_, err := io.WriteString(w, "one more question")
			return err
		}, http.StatusOK, "one more question", false},
		"saved and answered": {func(w http.ResponseWriter, r *http.Request, a *waltz.Authorization) error {
			if err := a.Save(r.Context()); err != nil {
				return err
			}
			_, err := io.WriteString(w, "welcome")
			return err
		}, http.StatusOK, "welcome", true},
		"answered, then saved": {func(w http.ResponseWriter, r *http.Request, a *waltz.Authorization) error {
			_, _ = io.WriteString(w, "welcome")
			if err := a.Save(r.Context()); !errors.Is(err, waltz.ErrTooLate) {
				t.Errorf("Save after the response has begun: %v", err)
			}
			return nil
		}, http.StatusOK, "welcome", false},
		"sent elsewhere": {func(_ http.ResponseWriter, _ *http.Request, a *waltz.Authorization) error {
			a.Next = "/user"
			return nil
		}, http.StatusOK, "Demo Ada", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, waltz.Config{}, waltz.Registration{Hooks: waltz.Hooks{Authorized: test.hook}})
			w.login(t, waltztest.Allow).want(t, test.status, test.says)
			if stored := w.get(t, "/record").status == http.StatusOK; stored != test.stored {
				t.Errorf("stored: %v, want %v", stored, test.stored)
			}
		})
	}
}

func TestHooksHearOfRefreshAndDisconnection(t *testing.T) {
	t.Parallel()
	heard := make(chan string, 5)
	w := newWorld(t, waltz.Config{Storage: memstore.New(), User: currentUser}, waltz.Registration{Hooks: waltz.Hooks{
		Refreshed:    func(_ context.Context, key token.Key, _ *token.Token) { heard <- "refreshed " + key.User },
		Disconnected: func(_ context.Context, key token.Key) { heard <- "disconnected " + key.User },
	}})
	w.be(t, w.browser, "ada")
	w.login(t, waltztest.Allow).want(t, http.StatusOK, "record(")
	w.post(t, "/expire", "").want(t, http.StatusOK, "")
	w.get(t, "/user").want(t, http.StatusOK, "Demo Ada")
	w.post(t, "/login/test/disconnect", "next=/user").want(t, http.StatusOK, "Allow")
	if a, b := <-heard, <-heard; a != "refreshed ada" || b != "disconnected ada" {
		t.Errorf("heard %q and %q", a, b)
	}
}

func TestFailedMayWriteThePage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, waltz.Config{}, waltz.Registration{Hooks: waltz.Hooks{
		Failed: func(w http.ResponseWriter, _ *http.Request, err error) {
			switch {
			case errors.Is(err, waltz.ErrDenied):
				http.Error(w, "as you like", http.StatusTeapot)
			case errors.Is(err, waltz.ErrState):
				_, _ = io.WriteString(w, "no status of its own")
			}
		},
	}})
	w.login(t, waltztest.Deny).want(t, http.StatusTeapot, "as you like")
	w.get(t, "/login/test/authorized").want(t, http.StatusBadRequest, "no status of its own")
}

func TestSeveralAccountsOfOneUser(t *testing.T) {
	t.Parallel()
	s := memstore.New()
	w := newWorld(t, waltz.Config{Storage: s, User: currentUser}, waltz.Registration{Accounts: true})
	w.be(t, w.browser, "ada")
	for _, subject := range []string{"1001", "1002"} {
		resp, err := w.browser.Login(t.Context(), w.URL+"/login/test", subject, waltztest.Allow)
		read(t, resp, err).want(t, http.StatusOK, "home")
	}
	ctx := waltz.WithUser(t.Context(), "ada")
	for subject, name := range map[string]string{"1001": "Demo Ada", "1002": "Demo Ben"} {
		if id, err := w.consumer.Identity(waltz.WithAccount(ctx, subject)); err != nil || id.Name != name {
			t.Errorf("account %s is %q, %v", subject, id.Name, err)
		}
	}
	if _, err := w.consumer.Token(ctx); !errors.Is(err, waltz.ErrAccount) {
		t.Errorf("no account is chosen: %v, want ErrAccount", err)
	}
	w.get(t, "/user").want(t, http.StatusConflict, "Which account?")
	w.post(t, "/login/test/disconnect", "").want(t, http.StatusConflict, "Which account?")
	w.post(t, "/login/test/disconnect", "account=1001").want(t, http.StatusOK, "home")
	w.get(t, "/user").want(t, http.StatusOK, "Demo Ben") // the one that is left
	w.post(t, "/login/test/disconnect", "").want(t, http.StatusOK, "home")
	if ok, err := w.consumer.Authorized(ctx); ok || err != nil {
		t.Errorf("nothing is connected: %v, %v", ok, err)
	}
}

func TestSaveOfSeveralAccountsAsksWhoseItIs(t *testing.T) {
	t.Parallel()
	s := memstore.New()
	w := newWorld(t, waltz.Config{Storage: s, User: currentUser}, waltz.Registration{Accounts: true})
	granted, err := w.provider.Grant("1002")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.consumer.Save(waltz.WithUser(t.Context(), "ada"), granted); err != nil {
		t.Fatal(err)
	}
	if r, err := s.Get(t.Context(), token.Key{Provider: "test", User: "ada", Account: "1002"}); err != nil || r.Subject != "1002" {
		t.Errorf("stored %v, %v", r, err)
	}
}

func TestSaveRefusesWhatCannotBeUsed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, waltz.Config{Storage: memstore.New(), User: currentUser}, waltz.Registration{})
	ctx := waltz.WithUser(t.Context(), "ada")
	if err := w.consumer.Save(ctx, &token.Token{AccessToken: "fake", TokenType: "mac"}); !errors.Is(err, waltz.ErrTokenType) {
		t.Errorf("a token of type mac: %v", err)
	}
	if err := w.consumer.Save(ctx, nil); err == nil {
		t.Error("no token is saved")
	}
	if ok, _ := w.consumer.Authorized(ctx); ok {
		t.Error("something is stored")
	}
}

func TestATokenIsKeptThoughTheBrowserHasLeft(t *testing.T) {
	t.Parallel()
	s := memstore.New()
	w := newWorld(t, waltz.Config{Storage: s, User: currentUser}, waltz.Registration{Hooks: waltz.Hooks{
		Authorized: func(_ http.ResponseWriter, r *http.Request, a *waltz.Authorization) error {
			ctx, leave := context.WithCancel(r.Context())
			leave()
			return a.Save(ctx)
		},
	}})
	w.be(t, w.browser, "ada")
	w.login(t, waltztest.Allow).want(t, http.StatusOK, "record(")
}

func TestAnotherTokenIsAnotherIdentity(t *testing.T) {
	t.Parallel()
	s := memstore.New()
	w := newWorld(t, waltz.Config{Storage: s, User: currentUser}, waltz.Registration{})
	other, err := w.provider.Grant("1002")
	if err != nil {
		t.Fatal(err)
	}
	replaced := newWorld(t, waltz.Config{Storage: s, User: currentUser}, waltz.Registration{
		Provider: w.provider.Provider(),
		Hooks: waltz.Hooks{Authorized: func(_ http.ResponseWriter, r *http.Request, a *waltz.Authorization) error {
			if _, err := a.Identity(r.Context()); err != nil {
				return err
			}
			a.Token = other
			id, err := a.Identity(r.Context())
			if id.Subject != "1002" {
				t.Errorf("the second token is of %q", id.Subject)
			}
			return err
		}},
	})
	replaced.be(t, replaced.browser, "ada")
	replaced.login(t, waltztest.Allow).want(t, http.StatusOK, "record(")
}

func TestARefreshAfterTheFirstByteIsTooLate(t *testing.T) {
	t.Parallel()
	w := newWorld(t, waltz.Config{}, waltz.Registration{})
	w.mux.HandleFunc("/late", func(rw http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(rw, "begun: ")
		_ = http.NewResponseController(rw).Flush()
		_, err := w.consumer.Client(r.Context()).Get("/user")
		if errors.Is(err, waltz.ErrTooLate) {
			_, _ = io.WriteString(rw, "too late")
		}
	})
	w.login(t, waltztest.Allow).want(t, http.StatusOK, "record(")
	w.post(t, "/expire", "").want(t, http.StatusOK, "")
	w.get(t, "/late").want(t, http.StatusOK, "begun: too late")
	if n := w.provider.Calls(waltztest.Refresh); n != 0 {
		t.Error("the refresh token was spent, and its successor could not be kept")
	}
	w.get(t, "/user").want(t, http.StatusOK, "Demo Ada")
}
