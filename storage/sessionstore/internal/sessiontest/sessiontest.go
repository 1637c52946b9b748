// Package sessiontest says whether a storage that lives in a browser's session keeps the promises
// of one, whatever keeps the session.
package sessiontest

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/waltz-oauth/waltz/storage/sessionstore"
	"github.com/waltz-oauth/waltz/storage/storagetest"
	"github.com/waltz-oauth/waltz/token"
)

// Storage is what is tested.
type Storage interface {
	token.Storage
	Middleware(next http.Handler) http.Handler
}

// Run checks that s keeps the promises of a storage within a request, and from each request of a
// browser to the next; and that it wants its middleware. The browser sends one request at a time
// where oneByOne is set: that is for sessions of which the last one written replaces all.
func Run(t *testing.T, s Storage, oneByOne bool) {
	t.Helper()
	t.Run("within a request", func(t *testing.T) {
		t.Parallel()
		storagetest.RunIn(t, func(t *testing.T) (context.Context, token.Storage) {
			return Request(t, s), s
		})
	})
	t.Run("from request to request", func(t *testing.T) {
		t.Parallel()
		storagetest.Run(t, func(t *testing.T) token.Storage {
			p := perRequest{b: newDirectBrowser(t, s.Middleware), next: s}
			if oneByOne {
				p.mu = new(sync.Mutex)
			}
			return p
		})
	})
	t.Run("reach", func(t *testing.T) {
		t.Parallel()
		if r := token.Reaches(s); r != token.Request {
			t.Errorf("reaches %s", r)
		}
	})
	t.Run("without middleware", func(t *testing.T) {
		t.Parallel()
		key := token.Key{Provider: "test"}
		_, err := s.Get(t.Context(), key)
		for _, err := range []error{err, s.Set(t.Context(), key, Record("fake")), s.Delete(t.Context(), key)} {
			if !errors.Is(err, sessionstore.ErrNoSession) {
				t.Errorf("got %v, want ErrNoSession", err)
			}
			if of := new(token.Error); !errors.As(err, &of) || of.Key != key {
				t.Errorf("got %#v, want a token.Error", err)
			}
		}
	})
	t.Run("middleware twice", func(t *testing.T) {
		t.Parallel()
		between := func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if err := s.Set(r.Context(), key(), Record("fake-between")); err != nil {
					t.Error(err)
				}
				next.ServeHTTP(w, r)
			})
		}
		b := NewBrowser(t, true, func(next http.Handler) http.Handler {
			return s.Middleware(between(s.Middleware(next)))
		})
		if got := get(t, b, s); got != "fake-between" {
			t.Errorf("the inner one does not see what the outer one does: got %q", got)
		}
	})
	t.Run("panic", func(t *testing.T) {
		t.Parallel()
		recovers := func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				defer func() {
					if recover() != nil {
						w.WriteHeader(http.StatusInternalServerError)
					}
				}()
				next.ServeHTTP(w, r)
			})
		}
		b := NewBrowser(t, true, func(next http.Handler) http.Handler { return recovers(s.Middleware(next)) })
		set(t, b, s, "fake-before")
		answer, err := b.Do(t.Context(), func(_ http.ResponseWriter, r *http.Request) {
			if err := s.Set(r.Context(), key(), Record("fake-panic")); err != nil {
				t.Error(err)
			}
			panic("fake")
		})
		if err != nil || answer.Status != http.StatusInternalServerError {
			t.Fatal(answer, err)
		}
		if got := get(t, b, s); got != "fake-panic" {
			t.Errorf("what was set before a panic is lost: got %q", got)
		}
	})
}

// Begins are the ways in which a handler begins the response.
func Begins() map[string]func(http.ResponseWriter) error {
	return map[string]func(http.ResponseWriter) error{
		"WriteHeader": func(w http.ResponseWriter) error {
			w.WriteHeader(http.StatusAccepted)
			return nil
		},
		"Write": func(w http.ResponseWriter) error {
			_, err := w.Write([]byte("body"))
			return err
		},
		"Flush": func(w http.ResponseWriter) error { return http.NewResponseController(w).Flush() },
		"Hijack": func(w http.ResponseWriter) error {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				return err
			}
			_, err = conn.Write([]byte("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"))
			return errors.Join(err, conn.Close())
		},
	}
}

// RunTooLate checks that Set and Delete refuse what would be lost, and take what is not.
func RunTooLate(t *testing.T, s Storage) {
	t.Helper()
	for name, begin := range Begins() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := NewBrowser(t, true, s.Middleware)
			set(t, b, s, "fake-before") // begins a session, where there are such things
			hijack := name == "Hijack"  // which sends no cookie
			_, err := b.Do(t.Context(), func(w http.ResponseWriter, r *http.Request) {
				if !hijack {
					if err := s.Set(r.Context(), key(), Record("fake-in-time")); err != nil {
						t.Error(err)
					}
				}
				if err := begin(w); err != nil {
					t.Error(err)
				}
				for _, err := range []error{s.Set(r.Context(), key(), Record("fake-late")), s.Delete(r.Context(), key())} {
					if of := new(token.Error); !errors.Is(err, token.ErrTooLate) || !errors.As(err, &of) || of.Key != key() {
						t.Errorf("got %v, want ErrTooLate", err)
					}
				}
				if r, err := s.Get(r.Context(), key()); err != nil || !hijack && r.Token.AccessToken != "fake-in-time" {
					t.Errorf("Get, which is never too late: %v, %v", r, err)
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			want := "fake-in-time"
			if hijack {
				want = "fake-before"
			}
			if got := get(t, b, s); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
	t.Run("return", func(t *testing.T) {
		t.Parallel()
		ctx, end := request(s)
		end()
		if err := s.Set(ctx, key(), Record("fake-late")); !errors.Is(err, token.ErrTooLate) {
			t.Errorf("got %v, want ErrTooLate", err)
		}
	})
}

// Request returns the context of a request that is being answered until the test ends.
func Request(t *testing.T, s Storage) context.Context {
	t.Helper()
	ctx, end := request(s)
	t.Cleanup(end)
	return ctx
}

func request(s Storage) (context.Context, func()) {
	inside, leave, left := make(chan context.Context), make(chan struct{}), make(chan struct{})
	h := s.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		inside <- r.Context()
		<-leave
	}))
	go func() {
		defer close(left)
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(context.Background(), http.MethodGet, "/", nil))
	}()
	return <-inside, func() {
		close(leave)
		<-left
	}
}

// Record returns a record of a token that has nothing but its text.
func Record(access string) token.Record { return token.New(&token.Token{AccessToken: access}) }

func key() token.Key { return token.Key{Provider: "test", User: "alice"} }

func set(t *testing.T, b *Browser, s Storage, access string) {
	t.Helper()
	if err := (perRequest{b: b, next: s}).Set(t.Context(), key(), Record(access)); err != nil {
		t.Error(err)
	}
}

func get(t *testing.T, b *Browser, s Storage) string {
	t.Helper()
	r, err := perRequest{b: b, next: s}.Get(t.Context(), key())
	if err != nil {
		t.Error(err)
		return ""
	}
	return r.Token.AccessToken
}
