package gorilla_test

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gorilla/securecookie"
	"github.com/gorilla/sessions"

	"github.com/waltz-oauth/waltz/storage/sessionstore/gorilla"
	"github.com/waltz-oauth/waltz/storage/sessionstore/internal/sessiontest"
	"github.com/waltz-oauth/waltz/token"
)

var (
	authentication = []byte("fake-authentication-key-32-bytes")
	encryption     = []byte("fake-encryption-key-of-32-bytes.")
	alice          = token.Key{Provider: "test", User: "alice"}
)

func files(t *testing.T) (store *sessions.FilesystemStore, dir string) {
	dir = t.TempDir()
	store = sessions.NewFilesystemStore(dir, authentication, encryption)
	store.MaxLength(0)
	return store, dir
}

func TestPromises(t *testing.T) {
	t.Parallel()
	store, _ := files(t)
	sessiontest.Run(t, gorilla.New(store, "tokens"), true)
}

func TestTooLate(t *testing.T) {
	t.Parallel()
	sessiontest.RunTooLate(t, gorilla.New(sessions.NewCookieStore(authentication, encryption), "tokens"))
}

func do(t *testing.T, b *sessiontest.Browser, f func(w http.ResponseWriter, r *http.Request) error) sessiontest.Answer {
	t.Helper()
	resp, err := b.Do(t.Context(), func(w http.ResponseWriter, r *http.Request) {
		if err := f(w, r); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

func wants(s token.Storage, want string) func(http.ResponseWriter, *http.Request) error {
	return func(_ http.ResponseWriter, r *http.Request) error {
		got, err := s.Get(r.Context(), alice)
		switch {
		case want == "" && errors.Is(err, token.ErrNotFound):
			return nil
		case err != nil:
			return err
		case got.Token.AccessToken != want:
			return fmt.Errorf("got %s", got)
		}
		return nil
	}
}

func set(s token.Storage, text string) func(http.ResponseWriter, *http.Request) error {
	return func(_ http.ResponseWriter, r *http.Request) error {
		return s.Set(r.Context(), alice, sessiontest.Record(text))
	}
}

func TestTooLargeForTheStoreOrForACookieChangesNothing(t *testing.T) {
	t.Parallel()
	unlimited := sessions.NewCookieStore(authentication, encryption)
	for _, c := range unlimited.Codecs {
		c.(*securecookie.SecureCookie).MaxLength(0)
	}
	for name, store := range map[string]sessions.Store{
		"securecookie's limit": sessions.NewCookieStore(authentication, encryption),
		"browsers' limit":      unlimited,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := gorilla.New(store, "tokens")
			b := sessiontest.NewBrowser(t, true, s.Middleware)
			do(t, b, set(s, "fake-small"))
			resp := do(t, b, func(w http.ResponseWriter, r *http.Request) error {
				if err := set(s, strings.Repeat("fake-", 1000))(w, r); !errors.Is(err, token.ErrTooLarge) {
					return fmt.Errorf("got %w, want ErrTooLarge", err)
				}
				return wants(s, "fake-small")(w, r)
			})
			if n := len(resp.Cookies()); n != 0 {
				t.Errorf("%d cookies are set", n)
			}
			do(t, b, wants(s, "fake-small"))
		})
	}
}

func TestWhatTheStoreDoesNotKnowIsEmpty(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(b *sessiontest.Browser, dir string){
		"cookie changed": func(b *sessiontest.Browser, _ string) {
			c := b.Cookies()[0]
			b.SetCookies(&http.Cookie{Name: c.Name, Value: "A" + c.Value, Path: "/"})
		},
		"file gone": func(_ *sessiontest.Browser, dir string) {
			all, err := filepath.Glob(filepath.Join(dir, "session_*"))
			if err != nil || len(all) != 1 {
				t.Errorf("%d files, %v", len(all), err)
			}
			for _, name := range all {
				if err := os.Remove(name); err != nil {
					t.Error(err)
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store, dir := files(t)
			s := gorilla.New(store, "tokens")
			b := sessiontest.NewBrowser(t, true, s.Middleware)
			do(t, b, set(s, "fake-lost"))
			lose(b, dir)
			do(t, b, wants(s, ""))
			do(t, b, set(s, "fake-next"))
			do(t, b, wants(s, "fake-next"))
		})
	}
}

func TestAStoreThatIsDownIsAnError(t *testing.T) {
	t.Parallel()
	s := gorilla.New(down{}, "tokens")
	b := sessiontest.NewBrowser(t, true, s.Middleware)
	do(t, b, func(w http.ResponseWriter, r *http.Request) error {
		for _, err := range []error{wants(s, "")(w, r), set(s, "fake")(w, r)} {
			if !errors.Is(err, errDown) {
				t.Errorf("got %v", err)
			}
		}
		return nil
	})
}

var errDown = errors.New("down on purpose")

type down struct{ sessions.Store }

func (down) New(*http.Request, string) (*sessions.Session, error) {
	return sessions.NewSession(down{}, "tokens"), errDown
}

func TestNoSharedCacheKeepsWhatIsForOnePerson(t *testing.T) {
	t.Parallel()
	store, _ := files(t)
	s := gorilla.New(store, "tokens")
	b := sessiontest.NewBrowser(t, true, s.Middleware)
	h := do(t, b, set(s, "fake")).Header
	if h.Get("Cache-Control") != "private" || h.Get("Vary") != "Cookie" {
		t.Errorf("Cache-Control %q, Vary %q", h.Get("Cache-Control"), h.Get("Vary"))
	}
}
