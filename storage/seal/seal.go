// Package seal encrypts tokens before they are stored. It wraps any storage:
//
//	s, err := seal.New(ctx, seal.Config{Next: store, Keys: keys})
//
// Only the token is sealed. What the storage below keeps is the same record with a token of one
// member, called sealed; the rest of the record stays readable, so that what is due or belongs to a
// subject is found as before. So do the key, with the user's id in it, and how long the token is.
//
// A sealed token opens where it was put and nowhere else: it is bound to provider, user, account,
// grant and generation. Two rows exchanged, or a row whose token comes from an earlier generation of
// its own, fail to open. A whole row put back as it was does open: that takes a storage that cannot
// be written behind the application's back.
//
// # Keys
//
// Keys come as a Tink keyset, from a file (package keyfile) or wherever a [Loader] finds it. One key
// seals, all open, and each sealed token says which key it needs. The keyset is loaded by [New], again
// by whoever seals or opens once a minute has passed, and at once for a token that needs a key which
// is not in it. So keys are added, promoted and retired while the application runs; [Storage.Rotate]
// seals again what older keys sealed.
//
// # With a cache
//
// Both orders work. A cache over a seal opens each token once and then holds it in the clear: right
// for memory, where it is held anyway. A seal over a cache leaves only ciphertext there and opens it
// at every Get: right for a Redis that others may read. What does not open there is read again from
// where the tokens are, since a rotation may have gone past the cache.
package seal

import (
	"context"
	"errors"
	"log/slog"

	"github.com/tink-crypto/tink-go/v2/tink"

	"github.com/waltz-oauth/waltz/token"
)

// What is wrong with a token that was read; match with [errors.Is]. The [token.Error] around it names
// the key that was asked for. No error shows what is stored.
var (
	ErrOpen  = errors.New("sealed token does not open")
	ErrPlain = errors.New("token is not sealed: if it was stored before sealing was switched on, set AcceptPlain until Rotate has sealed all")
)

// Config is what a seal is made of. It needs Next, and either Keys or AEAD.
type Config struct {
	Next token.Storage // where sealed tokens are kept

	// Keys is where the keyset comes from: see the comment of the package.
	Keys Loader

	// AEAD seals and opens instead of a keyset: for a key that never leaves a key management service,
	// which is then asked at every call. Nobody here knows its keys, so there is nothing to rotate; nor
	// whether it did not answer or would not open a token, so both match [ErrOpen]. For one whose methods
	// take no context see [Local].
	AEAD tink.AEADWithContext

	// AcceptPlain has tokens read that are not sealed, which their next write seals. Whoever can write to
	// the storage can then plant a token, so it is for the time until [Storage.Rotate] has sealed all.
	AcceptPlain bool

	Logger *slog.Logger // told when the keyset cannot be loaded; slog.Default() by default
}

func (c Config) logger() *slog.Logger {
	if c.Logger == nil {
		return slog.Default()
	}
	return c.Logger
}

// Storage seals what goes to another storage, and can do what that one can.
type Storage struct {
	next      token.Storage
	versioned token.Versioned // nil where next is not
	lister    token.Lister
	watcher   token.Watcher

	keys        source
	acceptPlain bool
}

var (
	_ token.Wrapper   = (*Storage)(nil)
	_ token.Versioned = (*Storage)(nil)
	_ token.Lister    = (*Storage)(nil)
	_ token.Watcher   = (*Storage)(nil)
)

// New returns a seal over c.Next. It loads the keyset, and fails if that cannot be used; ctx is for that
// alone.
func New(ctx context.Context, c Config) (*Storage, error) {
	s := &Storage{next: c.Next, acceptPlain: c.AcceptPlain}
	switch {
	case c.Next == nil:
		return nil, errors.New("seal: Config needs a Next")
	case (c.Keys == nil) == (c.AEAD == nil):
		return nil, errors.New("seal: Config needs either Keys or an AEAD")
	case c.AEAD != nil:
		s.keys = single{c.AEAD}
	default:
		keys, err := newKeyring(ctx, c.Keys, c.logger())
		if err != nil {
			return nil, err
		}
		s.keys = keys
	}
	s.versioned, _ = token.As[token.Versioned](c.Next)
	s.lister, _ = token.As[token.Lister](c.Next)
	s.watcher, _ = token.As[token.Watcher](c.Next)
	return s, nil
}

// Unwrap returns what is below, for [token.As] to ask.
func (s *Storage) Unwrap() token.Storage { return s.next }

// Get is [token.Storage]'s.
func (s *Storage) Get(ctx context.Context, key token.Key) (token.Record, error) {
	r, err := s.next.Get(ctx, key)
	if err != nil {
		return token.Record{}, err
	}
	r, err = s.opened(ctx, "get", key, r)
	if err == nil || s.versioned == nil {
		return r, err
	}
	// A cache below may still have what a key sealed that was retired since. Load goes past it.
	if r, err = s.versioned.Load(ctx, key); err != nil {
		return token.Record{}, err
	}
	return s.opened(ctx, "get", key, r)
}

// Set is [token.Storage]'s.
func (s *Storage) Set(ctx context.Context, key token.Key, r token.Record) error {
	r, err := s.sealed(ctx, "set", key, r)
	if err != nil {
		return err
	}
	return s.next.Set(ctx, key, r)
}

// Delete is [token.Storage]'s.
func (s *Storage) Delete(ctx context.Context, key token.Key) error {
	return s.next.Delete(ctx, key)
}

func (s *Storage) sealed(ctx context.Context, op string, key token.Key, r token.Record) (token.Record, error) {
	r, err := s.seal(ctx, key, r)
	if err != nil {
		return token.Record{}, &token.Error{Op: op, Key: key, Err: err}
	}
	return r, nil
}

func (s *Storage) opened(ctx context.Context, op string, key token.Key, r token.Record) (token.Record, error) {
	r, err := s.open(ctx, key, r)
	if err != nil {
		return token.Record{}, &token.Error{Op: op, Key: key, Err: err}
	}
	return r, nil
}
