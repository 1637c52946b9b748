package seal

import (
	"context"
	"encoding/binary"
	"fmt"
	"strconv"

	"github.com/waltz-oauth/waltz/internal/cookie"
	"github.com/waltz-oauth/waltz/token"
)

// A sealed token is an opaque one (see [token.Opaque]). Its content is one byte, the form, and what the
// AEAD made.
const (
	fromKeyset = 1 // Tink made it: a byte, the id of the key in four, and the rest
	fromAEAD   = 2 // an AEAD made it that says nothing of its keys
)

const (
	member  = "sealed"
	idStart = 1 // in what Tink made
	idEnd   = idStart + 4
)

// KeyID returns the id of the key that sealed the token of r, which is a record as the storage below
// a seal has it. The id is 0 where an AEAD sealed it that names no key, or where it is damaged. KeyID
// returns false for a record whose token is not sealed, or that has none.
func KeyID(r token.Record) (id uint32, sealed bool) {
	c, sealed := contentOf(r.Token)
	return c.id(), sealed
}

// content is that of a sealed token; it is empty where one is damaged.
type content []byte

// contentOf returns the content of t, and whether t is sealed, if perhaps damaged.
func contentOf(t *token.Token) (c content, sealed bool) {
	if t == nil {
		return nil, false
	}
	c, sealed = t.Opaque(member)
	if !sealed && t.AccessToken == "" {
		_, sealed = t.Extra(member)
		return nil, sealed
	}
	if len(c) < 1+idEnd {
		c = nil
	}
	return c, sealed
}

func (c content) id() uint32 {
	if len(c) == 0 || c[0] != fromKeyset {
		return 0
	}
	return idOf(c[1:])
}

// idOf returns the id in what Tink made.
func idOf(made []byte) uint32 { return binary.BigEndian.Uint32(made[idStart:idEnd]) }

// seal returns r with its token sealed for key.
func (s *Storage) seal(ctx context.Context, key token.Key, r token.Record) (token.Record, error) {
	if r.Token == nil {
		return r, nil
	}
	plain, err := r.Token.MarshalJSON()
	if err != nil {
		return r, err
	}
	aead, err := s.keys.sealing(ctx)
	if err != nil {
		return r, err
	}
	form := s.keys.form()
	made, err := aead.EncryptWithContext(ctx, plain, bound(form, key, r))
	if err != nil {
		return r, fmt.Errorf("token cannot be sealed: %w", err)
	}
	r.Token = token.Opaque(member, []byte{form}, made)
	return r, nil
}

// open returns r, which was stored at key, with its token opened.
func (s *Storage) open(ctx context.Context, key token.Key, r token.Record) (token.Record, error) {
	c, sealed := contentOf(r.Token)
	switch {
	case !sealed && (r.Token == nil || s.acceptPlain):
		return r, nil
	case !sealed:
		return r, ErrPlain
	case len(c) == 0 || c[0] != s.keys.form():
		return r, fmt.Errorf("%w: this is nothing that was sealed with such keys", ErrOpen)
	}
	aead, err := s.keys.opening(ctx, c[1:])
	if err != nil {
		return r, err
	}
	plain, err := aead.DecryptWithContext(ctx, c[1:], bound(c[0], key, r))
	if err != nil {
		return r, fmt.Errorf("%w: %w", ErrOpen, err)
	}
	r.Token = new(token.Token)
	if err := r.Token.UnmarshalJSON(plain); err != nil {
		return r, fmt.Errorf("%w: %w", ErrOpen, err)
	}
	return r, nil
}

// bound returns what a sealed token cannot be parted from. No two of these differ only in where a
// field ends.
func bound(form byte, key token.Key, r token.Record) []byte {
	return cookie.Join("waltz token", string([]byte{form}), key.Provider, key.User, key.Account,
		r.Grant, strconv.FormatUint(r.Generation, 10))
}
