// Package gorilla keeps tokens in a session of github.com/gorilla/sessions.
//
// How long the session lasts, where it is kept and who can read it are its store's: a CookieStore
// needs an encryption key besides the authentication key, or tokens are readable in the browser,
// and holds about 2 kB of them. The store saves a session whole. So of two requests of one browser
// that change it at the same time, the later one's session stays.
package gorilla

import (
	"context"

	"github.com/gorilla/sessions"

	"github.com/waltz-oauth/waltz/storage/sessionstore"
	"github.com/waltz-oauth/waltz/token"
)

// Storage keeps each record as a string in the session. Its methods need the context of a request
// inside [Storage.Middleware]; elsewhere they return [sessionstore.ErrNoSession].
type Storage struct {
	store sessions.Store
	name  string
}

var _ token.Storage = (*Storage)(nil)

// New returns a Storage over the session called name in store. That session is for tokens alone:
// the application gives its own another name.
func New(store sessions.Store, name string) *Storage { return &Storage{store, name} }

// Get returns the record in the session. A session that the store cannot decode counts as empty.
func (s *Storage) Get(ctx context.Context, key token.Key) (r token.Record, err error) {
	in, err := s.session(ctx)
	if err == nil {
		r, err = in.get(ctx, key)
	}
	if err != nil {
		return token.Record{}, &token.Error{Op: "get", Key: key, Err: err}
	}
	return r, nil
}

// Set replaces the record in the session and has the store save that at once; a cookie that the
// store sets is held until the response begins. Its error matches [token.ErrTooLate] where that
// has happened, and [token.ErrTooLarge] where the store or the browser would refuse the session.
func (s *Storage) Set(ctx context.Context, key token.Key, r token.Record) error {
	in, err := s.session(ctx)
	if err == nil {
		var data []byte
		if data, err = r.AppendJSON(nil); err == nil {
			err = in.change(ctx, key, string(data))
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
		err = in.change(ctx, key, "")
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
