// Package scs keeps tokens in the session of github.com/alexedwards/scs: on the server, in whatever
// store the session manager has.
//
// The session manager loads a session at a request's beginning and stores it whole. So of two
// requests of one browser that change it at the same time, the later one's session stays, with
// its tokens; and what is in the store is as readable as that store is.
package scs

import (
	"context"
	"encoding/base64"
	"net/http"
	"sync"

	"github.com/alexedwards/scs/v2"

	"github.com/waltz-oauth/waltz/internal/cookie"
	"github.com/waltz-oauth/waltz/internal/respond"
	"github.com/waltz-oauth/waltz/storage/sessionstore"
	"github.com/waltz-oauth/waltz/token"
)

// Storage keeps each record as a string in the session. Its methods need the context of a request
// inside [Storage.Middleware]; elsewhere they return [sessionstore.ErrNoSession].
type Storage struct {
	sessions *scs.SessionManager
}

var _ token.Storage = (*Storage)(nil)

// New returns a Storage over sessions.
func New(sessions *scs.SessionManager) *Storage { return &Storage{sessions} }

// Middleware must be around every handler that uses tokens. It loads and saves the session where
// the manager's LoadAndSave is not around it already; inside of it is the better place, since a
// LoadAndSave within saves a second time.
func (s *Storage) Middleware(next http.Handler) http.Handler {
	inside := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := r.Context()
		in := new(session)
		to := respond.New(w, func(http.Header) { in.begin(s.sessions.Token(ctx)) })
		defer to.Finish()
		next.ServeHTTP(writer{to}, r.WithContext(context.WithValue(ctx, contextKey{s}, in)))
	})
	loads := s.sessions.LoadAndSave(inside)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Context().Value(contextKey{s}) != nil:
			next.ServeHTTP(w, r)
		case s.loaded(r.Context()):
			inside.ServeHTTP(w, r)
		default:
			loads.ServeHTTP(w, r)
		}
	})
}

// loaded reports whether LoadAndSave is around, of which the session manager says nothing but by
// panicking where it is not.
func (s *Storage) loaded(ctx context.Context) (ok bool) {
	defer func() { ok = recover() == nil }()
	s.sessions.Status(ctx)
	return true
}

// writer is a response that begins with an informational status too, since the session manager
// takes that for the final one and sets no cookie later.
type writer struct{ *respond.Writer }

func (w writer) WriteHeader(status int) {
	w.Finish()
	w.Writer.WriteHeader(status)
}

// Get returns the record in the session.
func (s *Storage) Get(ctx context.Context, key token.Key) (token.Record, error) {
	if _, err := s.session(ctx); err != nil {
		return token.Record{}, &token.Error{Op: "get", Key: key, Err: err}
	}
	text := s.sessions.GetString(ctx, name(key))
	if text == "" {
		return token.Record{}, &token.Error{Op: "get", Key: key, Err: token.ErrNotFound}
	}
	var r token.Record
	if err := r.UnmarshalJSON([]byte(text)); err != nil {
		return token.Record{}, &token.Error{Op: "get", Key: key, Err: err}
	}
	return r, nil
}

// Set replaces the record in the session and has the manager store that at once. Its error
// matches [token.ErrTooLate] where the response has begun without the session's cookie, and the
// browser has none from before.
func (s *Storage) Set(ctx context.Context, key token.Key, r token.Record) error {
	in, err := s.session(ctx)
	if err == nil {
		var data []byte
		if data, err = r.AppendJSON(nil); err == nil {
			err = s.change(ctx, in, key, string(data))
		}
	}
	if err != nil {
		return &token.Error{Op: "set", Key: key, Err: err}
	}
	return nil
}

// Delete removes the record from the session, under the conditions of Set.
func (s *Storage) Delete(ctx context.Context, key token.Key) error {
	in, err := s.session(ctx)
	if err == nil {
		err = s.change(ctx, in, key, "")
	}
	if err != nil {
		return &token.Error{Op: "delete", Key: key, Err: err}
	}
	return nil
}

// Reach returns [token.Request]: the session of another request is out of reach.
func (s *Storage) Reach() token.Reach { return token.Request }

func (s *Storage) session(ctx context.Context) (*session, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	in, ok := ctx.Value(contextKey{s}).(*session)
	if !ok {
		return nil, sessionstore.ErrNoSession
	}
	return in, nil
}

// change puts text in the session, or removes it where it is empty, and stores the session.
func (s *Storage) change(ctx context.Context, in *session, key token.Key, text string) error {
	in.mu.Lock()
	defer in.mu.Unlock()
	was := s.sessions.GetString(ctx, name(key))
	if text == "" && was == "" {
		return nil
	}
	if in.begun && (in.cookie == "" || in.cookie != s.sessions.Token(ctx)) {
		return token.ErrTooLate
	}
	s.put(ctx, key, text)
	if _, _, err := s.sessions.Commit(ctx); err != nil {
		s.put(ctx, key, was)
		return err
	}
	return nil
}

func (s *Storage) put(ctx context.Context, key token.Key, text string) {
	if text == "" {
		s.sessions.Remove(ctx, name(key))
	} else {
		s.sessions.Put(ctx, name(key), text)
	}
}

type contextKey struct{ s *Storage }

// session is that of one request.
type session struct {
	mu     sync.Mutex
	begun  bool   // the response
	cookie string // what the browser has by then; "": no session
}

func (in *session) begin(cookie string) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.begun, in.cookie = true, cookie
}

// name is how key is called in the session: text that any codec keeps, other for every other key.
func name(key token.Key) string {
	return "waltz:" + base64.RawURLEncoding.EncodeToString(cookie.Join(key.Provider, key.User, key.Account))
}
