package gorilla

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"strings"
	"sync"

	"github.com/gorilla/securecookie"
	"github.com/gorilla/sessions"

	"github.com/waltz-oauth/waltz/internal/cookie"
	"github.com/waltz-oauth/waltz/internal/respond"
	"github.com/waltz-oauth/waltz/token"
)

// Middleware must be around every handler that uses tokens; around more it does no harm. It sets
// the session's cookie just before the response's first byte, and keeps such a response out of
// shared caches.
//
// A handler that hijacks the connection sends what is in its writer's Header itself.
func (s *Storage) Middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := r.Context()
		if ctx.Value(contextKey{s}) != nil {
			next.ServeHTTP(w, r)
			return
		}
		in := &session{s: s, r: r.Clone(ctx)}
		to := respond.New(w, in.begin)
		defer to.Finish()
		next.ServeHTTP(to, r.WithContext(context.WithValue(ctx, contextKey{s}, in)))
	})
}

type contextKey struct{ s *Storage }

// session is that of one request.
type session struct {
	s *Storage
	r *http.Request // as it came, whatever the handler does to its own

	mu      sync.Mutex
	values  *sessions.Session // nil: not looked at
	cookies []string          // to be set when the response begins
	begun   bool              // the response
}

func (in *session) get(ctx context.Context, key token.Key) (r token.Record, err error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if err := in.load(ctx); err != nil {
		return r, err
	}
	text, ok := in.values.Values[name(key)].(string)
	if !ok {
		return r, token.ErrNotFound
	}
	err = r.UnmarshalJSON([]byte(text))
	return r, err
}

// change puts text in the session, or removes it where it is empty, and saves the session.
func (in *session) change(ctx context.Context, key token.Key, text string) error {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.begun {
		return token.ErrTooLate
	}
	if err := in.load(ctx); err != nil {
		return err
	}
	was, there := in.values.Values[name(key)]
	if text == "" && !there {
		return nil
	}
	in.values.Values[name(key)] = text
	if text == "" {
		delete(in.values.Values, name(key))
	}
	cookies, err := in.save()
	if err != nil {
		in.values.Values[name(key)] = was
		if !there {
			delete(in.values.Values, name(key))
		}
		return err
	}
	in.cookies = cookies
	return nil
}

// load takes what the browser sent and the store does not know, or cannot decode, for an empty
// session.
func (in *session) load(ctx context.Context) error {
	if in.values != nil {
		return nil
	}
	values, err := in.s.store.New(in.r, in.s.name)
	var cookie securecookie.Error
	switch {
	case err == nil:
	case values != nil && (errors.As(err, &cookie) && cookie.IsDecode() || errors.Is(err, fs.ErrNotExist)):
		slog.Default().WarnContext(ctx, "waltz: session does not open; taken for empty", "session", in.s.name)
		clear(values.Values)
	default:
		return err
	}
	in.values = values
	return nil
}

// save returns the Set-Cookie lines that the store wants to be sent.
func (in *session) save() ([]string, error) {
	h := make(header)
	if err := in.s.store.Save(in.r, h, in.values); err != nil {
		if strings.Contains(err.Error(), "value is too long") { // securecookie exports no error for it
			return nil, fmt.Errorf("%w for the session's store: %w", token.ErrTooLarge, err)
		}
		return nil, err
	}
	const most = 4096 // RFC 6265 section 6.1
	lines := http.Header(h).Values("Set-Cookie")
	for _, line := range lines {
		if len(line) > most {
			return nil, fmt.Errorf("%w for a cookie: it would take %d bytes, and %d is the limit; keep tokens in a storage on the server", token.ErrTooLarge, len(line), most)
		}
	}
	return lines, nil
}

// begin is called just before the response's first byte.
func (in *session) begin(h http.Header) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.begun = true
	if in.values != nil {
		respond.VaryByCookie(h)
	}
	for _, line := range in.cookies {
		h.Add("Set-Cookie", line)
	}
	if len(in.cookies) > 0 {
		respond.Private(h)
	}
}

// header is a response of which nothing but the header is wanted.
type header http.Header

func (h header) Header() http.Header         { return http.Header(h) }
func (h header) Write(p []byte) (int, error) { return len(p), nil }
func (h header) WriteHeader(int)             {}

// name is how key is called in the session: text, other for every other key.
func name(key token.Key) string {
	return "waltz:" + base64.RawURLEncoding.EncodeToString(cookie.Join(key.Provider, key.User, key.Account))
}
