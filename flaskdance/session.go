package flaskdance

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/waltz-oauth/waltz/internal/cookie"
	"github.com/waltz-oauth/waltz/token"
)

// ErrNoSession is the error where the context is not that of a request inside the middleware.
var ErrNoSession = errors.New("no browser session in this context: wrap the mux in app.Handler, and pass on the request's context; a worker needs tokens that are kept on the server")

// SessionConfig says what Flask's configuration says. The zero value of a field means Flask's default.
type SessionConfig struct {
	SecretKey string   // SECRET_KEY, which signs: its bytes, where Flask has bytes; required
	Fallbacks []string // SECRET_KEY_FALLBACKS, which only verify

	Lifetime  time.Duration // PERMANENT_SESSION_LIFETIME; older cookies are not read; 31 days
	NoRefresh bool          // SESSION_REFRESH_EACH_REQUEST is False: a permanent session is sent only when it changed

	Name        string        // SESSION_COOKIE_NAME; "session"
	Domain      string        // SESSION_COOKIE_DOMAIN; the host that answers, alone
	Path        string        // SESSION_COOKIE_PATH or APPLICATION_ROOT; "/"
	Secure      bool          // SESSION_COOKIE_SECURE
	Scriptable  bool          // SESSION_COOKIE_HTTPONLY is False
	SameSite    http.SameSite // SESSION_COOKIE_SAMESITE
	Partitioned bool          // SESSION_COOKIE_PARTITIONED, which browsers take with Secure alone
}

func (c SessionConfig) lifetime() time.Duration { return cmp.Or(c.Lifetime, 31*24*time.Hour) }
func (c SessionConfig) name() string            { return cmp.Or(c.Name, "session") }
func (c SessionConfig) path() string            { return cmp.Or(c.Path, "/") }

// Session keeps tokens in Flask's session cookie, where Flask-Dance keeps them if it is given no
// storage: a login made on either side holds on both. What else is in the session stays.
//
// Flask's cookies are signed and not encrypted. Whoever sees one reads the tokens in it: the person
// in front of the browser, and everything between that sees the request's headers. That is Flask's
// doing and is so without Waltz too; the session that Waltz makes by itself is encrypted.
//
// The token of a key without user and account is the one that Flask-Dance calls the provider's. Those
// of other keys are in the session too, where Flask-Dance does not look.
//
// Its methods need the context of a request inside [Session.Middleware]; elsewhere they return
// [ErrNoSession].
type Session struct {
	config SessionConfig
	signer signer
}

var _ token.Storage = (*Session)(nil)

// NewSession returns a Session, or an error that says what is wrong with c.
func NewSession(c SessionConfig) (*Session, error) {
	if c.SecretKey == "" {
		return nil, errors.New("flaskdance: no SecretKey given")
	}
	if c.Lifetime < 0 {
		return nil, errors.New("flaskdance: Lifetime is negative")
	}
	probe := &http.Cookie{Name: c.name(), Value: "x", Path: c.path(), Domain: c.Domain, Secure: c.Secure, Partitioned: c.Partitioned} //nolint:gosec // which is sent to nobody
	if err := probe.Valid(); err != nil {
		return nil, fmt.Errorf("flaskdance: session cookie: %w", err)
	}
	for _, key := range c.Fallbacks {
		if key == "" {
			return nil, errors.New("flaskdance: one of Fallbacks is empty")
		}
	}
	s := &Session{c, newSigner(c.SecretKey, c.Fallbacks)}
	s.config.SecretKey, s.config.Fallbacks = "", nil // the signer has what it needs of them, and a Session may be printed
	return s, nil
}

// Get returns the record that the request brought, or that was set while it was answered. A cookie
// that Flask would not take, or could not read, counts as absent.
func (s *Session) Get(ctx context.Context, key token.Key) (r token.Record, err error) {
	in, err := s.request(ctx)
	if err == nil {
		r, err = in.get(key)
	}
	return r, failed("get", key, err)
}

// Set replaces the record in the browser, when the response begins. Its error matches
// [token.ErrTooLate] where that has happened, and [token.ErrTooLarge] where browsers would drop the
// cookie.
func (s *Session) Set(ctx context.Context, key token.Key, r token.Record) error {
	in, err := s.request(ctx)
	if err == nil {
		err = in.set(key, r)
	}
	return failed("set", key, err)
}

// Delete removes the record from the browser, when the response begins. Where that has happened its
// error matches [token.ErrTooLate].
func (s *Session) Delete(ctx context.Context, key token.Key) error {
	in, err := s.request(ctx)
	if err == nil {
		err = in.change(nameOf(key), "")
	}
	return failed("delete", key, err)
}

// Reach returns [token.Request].
func (s *Session) Reach() token.Reach { return token.Request }

func (s *Session) request(ctx context.Context) (*request, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	in, ok := ctx.Value(contextKey{s}).(*request)
	if !ok {
		return nil, ErrNoSession
	}
	return in, nil
}

// nameOf returns the name of key's member of the session: Flask-Dance's, or one that is no provider's
// there, since a name of Flask-Dance ends in _oauth_token.
func nameOf(key token.Key) string {
	if key.User == "" && key.Account == "" {
		return key.Provider + "_oauth_token"
	}
	return memo + "_" + cookie.Tag(key.Provider, key.User, key.Account)
}

func failed(op string, key token.Key, err error) error {
	if err == nil {
		return nil
	}
	return &token.Error{Op: op, Key: key, Err: err}
}
