// Package sessionstore keeps tokens in the browser's session: in encrypted cookies that are gone
// when the browser closes. It needs nothing on the server but a secret.
//
// What the browser sends is all there is. So a token that another request stores meanwhile is not
// seen, nobody can list or revoke what browsers hold, and nothing is stored once a response has
// begun. There is no [token.Versioned] here. Applications that need one keep tokens on the server.
//
// The subpackages scs and gorilla keep tokens in the session of those session managers instead.
package sessionstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/waltz-oauth/waltz/internal/cookie"
	"github.com/waltz-oauth/waltz/token"
)

// ErrNoSession is the error where the context is not that of a request inside the middleware.
var ErrNoSession = errors.New("no browser session in this context: wrap the mux in app.Handler, and pass on the request's context; a worker needs tokens that are kept on the server")

// Config is what a Storage works with. The zero value of a field means its default.
type Config struct {
	// Secrets encrypt the cookies, newest first; at least one, of 32 bytes or more. The first
	// encrypts. A cookie under another is read, and is under the first when next written.
	Secrets []string

	// Insecure is for plain http on loopback: the cookies lack the Secure attribute and the prefix
	// __Host-, with which browsers would refuse them.
	Insecure bool

	// Name begins the cookies' names; default "waltz". To cookies, applications on two ports of a
	// host are one: there, each needs a name of its own.
	Name string

	// MaxBytes is how much all cookies of this storage together may take of a request's header;
	// default 6144. Servers and proxies refuse a Cookie header of 8 kB (nginx, Apache) or 16 kB
	// (Node.js, AWS), and the application has cookies too. nginx as a reverse proxy also wants
	// proxy_buffer_size above its default of 4 kB where a token is large. What another user of the
	// same browser left there counts until it is deleted.
	MaxBytes int

	// Logger gets a warning for a cookie that does not open; default [slog.Default].
	Logger *slog.Logger
}

func (c Config) name() string         { return cmp.Or(c.Name, "waltz") }
func (c Config) maxBytes() int        { return cmp.Or(c.MaxBytes, 6144) }
func (c Config) logger() *slog.Logger { return cmp.Or(c.Logger, slog.Default()) }

// Storage keeps each record in a cookie of its own, or in several where it is large. Its methods
// need the context of a request inside [Storage.Middleware]; elsewhere they return [ErrNoSession].
type Storage struct {
	config Config
	codec  *cookie.Codec
	prefix string // of the cookies' names
}

var _ token.Storage = (*Storage)(nil)

// New returns a Storage, or an error that says what is wrong with c.
func New(c Config) (*Storage, error) {
	codec, err := cookie.New("session", c.Secrets)
	if err != nil {
		return nil, fmt.Errorf("sessionstore: %w", err)
	}
	if err := cookie.CheckName(c.name()); err != nil {
		return nil, fmt.Errorf("sessionstore: %w", err)
	}
	c.Secrets = nil // the codec has what it needs of them, and a Storage may be printed
	return &Storage{c, codec, cookie.Name(c.name(), c.Insecure) + "."}, nil
}

// Get returns the record that the request brought, or that was set while it was answered. A cookie
// that does not open (it was changed, cut, moved from another key, or its secret is gone) counts as
// absent and is removed from the browser.
func (s *Storage) Get(ctx context.Context, key token.Key) (token.Record, error) {
	in, err := s.session(ctx)
	if err != nil {
		return token.Record{}, &token.Error{Op: "get", Key: key, Err: err}
	}
	r, ok := in.get(ctx, key)
	if !ok {
		return token.Record{}, &token.Error{Op: "get", Key: key, Err: token.ErrNotFound}
	}
	return r, nil
}

// Set replaces the record in the browser, when the response begins. Its error matches
// [token.ErrTooLate] where that has happened, and [token.ErrTooLarge] where the cookies would take
// more than Config.MaxBytes.
func (s *Storage) Set(ctx context.Context, key token.Key, r token.Record) error {
	in, err := s.session(ctx)
	if err == nil {
		err = in.set(key, r)
	}
	if err != nil {
		return &token.Error{Op: "set", Key: key, Err: err}
	}
	return nil
}

// Delete removes the record from the browser, when the response begins. Where that has happened
// its error matches [token.ErrTooLate].
func (s *Storage) Delete(ctx context.Context, key token.Key) error {
	in, err := s.session(ctx)
	if err == nil {
		err = in.delete(key)
	}
	if err != nil {
		return &token.Error{Op: "delete", Key: key, Err: err}
	}
	return nil
}

// Reach returns [token.Request].
func (s *Storage) Reach() token.Reach { return token.Request }

func (s *Storage) session(ctx context.Context) (*session, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	in, ok := ctx.Value(contextKey{s}).(*session)
	if !ok {
		return nil, ErrNoSession
	}
	return in, nil
}

// seal returns r as text that opens for key alone.
func (s *Storage) seal(key token.Key, r token.Record) (string, error) {
	const typical = 2048
	data, err := r.AppendJSON(make([]byte, 0, typical))
	if err != nil {
		return "", err
	}
	return s.codec.Seal(s.binding(key), data), nil
}

func (s *Storage) open(key token.Key, text string) (r token.Record, ok bool) {
	data, ok := s.codec.Open(s.binding(key), text)
	if !ok || r.UnmarshalJSON(data) != nil {
		return token.Record{}, false
	}
	return r, true
}

// binding is what a sealed record must not be moved away from: its cookie and its key. The prefix
// ends with its only dot.
func (s *Storage) binding(key token.Key) string {
	return s.prefix + string(cookie.Join(key.Provider, key.User, key.Account))
}

// tag is how key is called in the cookies' names.
func tag(key token.Key) string { return cookie.Tag(key.Provider, key.User, key.Account) }
