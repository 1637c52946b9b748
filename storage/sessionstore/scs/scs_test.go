package scs_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/alexedwards/scs/v2/memstore"

	"github.com/waltz-oauth/waltz/storage/sessionstore/internal/sessiontest"
	adapter "github.com/waltz-oauth/waltz/storage/sessionstore/scs"
	"github.com/waltz-oauth/waltz/token"
)

func manager() *scs.SessionManager {
	m := scs.New()
	m.Store = memstore.NewWithCleanupInterval(0) // and no goroutine
	m.Cookie.Secure = true
	return m
}

func TestPromises(t *testing.T) {
	t.Parallel()
	sessiontest.Run(t, adapter.New(manager()), true)
}

func TestLoadAndSaveMayBeAroundOrWithin(t *testing.T) {
	t.Parallel()
	m := manager()
	s := adapter.New(m)
	for name, middleware := range map[string]func(http.Handler) http.Handler{
		"around": func(next http.Handler) http.Handler { return m.LoadAndSave(s.Middleware(next)) },
		"within": func(next http.Handler) http.Handler { return s.Middleware(m.LoadAndSave(next)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := sessiontest.NewBrowser(t, true, middleware)
			do(t, b, func(_ http.ResponseWriter, r *http.Request) error {
				m.Put(r.Context(), "theme", "dark")
				return set("fake-1")(m, s, r)
			})
			do(t, b, func(_ http.ResponseWriter, r *http.Request) error {
				got, err := s.Get(r.Context(), alice)
				if err == nil && (got.Token.AccessToken != "fake-1" || m.GetString(r.Context(), "theme") != "dark") {
					err = fmt.Errorf("got %s, theme %q", got, m.GetString(r.Context(), "theme"))
				}
				return err
			})
		})
	}
}

var alice = token.Key{Provider: "test", User: "alice"}

// TestTooLateIsWhereTheBrowserHasNoSession: without a cookie, what would be stored is lost; with
// one, it is not, however late it comes.
func TestTooLateIsWhereTheBrowserHasNoSession(t *testing.T) {
	t.Parallel()
	begins := sessiontest.Begins()
	begins["informational status"] = func(w http.ResponseWriter) error {
		w.WriteHeader(http.StatusEarlyHints)
		return nil
	}
	for name, begin := range begins {
		for _, c := range []struct {
			name  string
			first func(m *scs.SessionManager, s *adapter.Storage, r *http.Request) error // in a request before
			then  func(m *scs.SessionManager, s *adapter.Storage, r *http.Request) error // before the response begins
			late  bool
		}{
			{"no session", nil, nil, true},
			{"old session", set("fake-first"), nil, false},
			{"session begun in time", nil, set("fake-then"), false},
			{"session destroyed", set("fake-first"), func(m *scs.SessionManager, _ *adapter.Storage, r *http.Request) error {
				return m.Destroy(r.Context())
			}, true},
		} {
			if name == "Hijack" && c.name == "session begun in time" {
				continue // the handler sends the cookie, or does not: nobody else knows
			}
			t.Run(name+"/"+c.name, func(t *testing.T) {
				t.Parallel()
				m := manager()
				s := adapter.New(m)
				b := sessiontest.NewBrowser(t, true, s.Middleware)
				if c.first != nil {
					do(t, b, func(_ http.ResponseWriter, r *http.Request) error { return c.first(m, s, r) })
				}
				do(t, b, func(w http.ResponseWriter, r *http.Request) error {
					if c.then != nil {
						if err := c.then(m, s, r); err != nil {
							return err
						}
					}
					if err := begin(w); err != nil {
						return err
					}
					err := set("fake-late")(m, s, r)
					if c.late != errors.Is(err, token.ErrTooLate) || !c.late && err != nil {
						return fmt.Errorf("late %v: %w", c.late, err)
					}
					return nil
				})
				if c.late {
					return
				}
				do(t, b, func(_ http.ResponseWriter, r *http.Request) error {
					got, err := s.Get(r.Context(), alice)
					if err == nil && got.Token.AccessToken != "fake-late" {
						err = fmt.Errorf("got %s", got)
					}
					return err
				})
			})
		}
	}
}

// TestTooLateIsWhereTheBrowsersSessionIsNoMore: the cookie that it has names another by then.
func TestTooLateIsWhereTheBrowsersSessionIsNoMore(t *testing.T) {
	t.Parallel()
	m := manager()
	s := adapter.New(m)
	b := sessiontest.NewBrowser(t, true, s.Middleware)
	do(t, b, func(_ http.ResponseWriter, r *http.Request) error { return set("fake-first")(m, s, r) })
	do(t, b, func(w http.ResponseWriter, r *http.Request) error {
		w.WriteHeader(http.StatusOK)
		if err := m.RenewToken(r.Context()); err != nil {
			return err
		}
		if err := set("fake-late")(m, s, r); !errors.Is(err, token.ErrTooLate) {
			return fmt.Errorf("got %w", err)
		}
		return nil
	})
}

func set(text string) func(*scs.SessionManager, *adapter.Storage, *http.Request) error {
	return func(_ *scs.SessionManager, s *adapter.Storage, r *http.Request) error {
		return s.Set(r.Context(), alice, sessiontest.Record(text))
	}
}

func do(t *testing.T, b *sessiontest.Browser, f func(w http.ResponseWriter, r *http.Request) error) {
	t.Helper()
	if _, err := b.Do(t.Context(), func(w http.ResponseWriter, r *http.Request) {
		if err := f(w, r); err != nil {
			t.Error(err)
		}
	}); err != nil {
		t.Fatal(err)
	}
}

func TestAStoreThatFailsIsAnErrorOfSet(t *testing.T) {
	t.Parallel()
	m := manager()
	s := adapter.New(m)
	b := sessiontest.NewBrowser(t, true, s.Middleware)
	do(t, b, func(_ http.ResponseWriter, r *http.Request) error { return set("fake-first")(m, s, r) })
	good := m.Store
	do(t, b, func(_ http.ResponseWriter, r *http.Request) error {
		m.Store = broken{good}
		defer func() { m.Store = good }()
		if err := set("fake-second")(m, s, r); !errors.Is(err, errBroken) {
			return fmt.Errorf("got %w", err)
		}
		got, err := s.Get(r.Context(), alice)
		if err == nil && got.Token.AccessToken != "fake-first" {
			err = fmt.Errorf("changed: %s", got)
		}
		return err
	})
}

var errBroken = errors.New("broken on purpose")

type broken struct{ scs.Store }

func (broken) Commit(string, []byte, time.Time) error { return errBroken }

func TestASessionWithATokenIsTheApplicationsSessionToo(t *testing.T) {
	t.Parallel()
	m := manager()
	s := adapter.New(m)
	h := m.LoadAndSave(s.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		m.Put(r.Context(), "theme", "dark")
		if err := m.RenewToken(r.Context()); err != nil {
			t.Error(err)
		}
		if err := s.Set(r.Context(), alice, sessiontest.Record("fake")); err != nil {
			t.Error(err)
		}
	})))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	cookies := w.Result().Cookies()
	if len(cookies) != 1 {
		t.Fatalf("%d cookies, want the session manager's one", len(cookies))
	}
	ctx, err := m.Load(t.Context(), cookies[0].Value)
	if err != nil {
		t.Fatal(err)
	}
	if keys := m.Keys(ctx); len(keys) != 2 {
		t.Errorf("session has %d values, want 2", len(keys))
	}
}
