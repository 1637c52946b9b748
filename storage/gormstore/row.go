package gormstore

import (
	"crypto/rand"
	"fmt"

	"github.com/waltz-oauth/waltz/token"
)

const (
	maxPart  = 255     // bytes in a part of a key, and in a subject: three are in one index
	maxToken = 8 << 20 // far below what every engine takes, and far above any token
)

// fill sets t to what stores r at key, with a new version.
func (t *Token) fill(key token.Key, r token.Record) error {
	if n := max(len(key.Provider), len(key.User), len(key.Account)); n > maxPart {
		return fmt.Errorf("%w: a part of it has %d bytes, and at most %d are kept", token.ErrKey, n, maxPart)
	}
	if n := len(r.Subject); n > maxPart {
		return fmt.Errorf("%w: the subject has %d bytes, and at most %d are kept", token.ErrTooLarge, n, maxPart)
	}
	*t = keyed(key)
	// Random, so that a version never comes again: a count would, after the row was deleted and made
	// anew, or the database restored from a backup.
	t.Version = Text(rand.Text())
	t.Subject = Text(r.Subject)
	if r.Token != nil {
		secret, err := r.Token.MarshalJSON()
		if err != nil {
			return err
		}
		if len(secret) > maxToken {
			return fmt.Errorf("%w: it has %d bytes, and at most %d are kept", token.ErrTooLarge, len(secret), maxToken)
		}
		t.Token = secret
	}
	if !r.RefreshAt.IsZero() && r.State != token.Reauthorize {
		t.DueAt = new(r.RefreshAt.UnixMicro())
	}
	r.Token = nil
	record, err := r.AppendJSON(nil)
	t.Record = Text(record)
	return err
}

func keyed(key token.Key) Token {
	return Token{Provider: Text(key.Provider), Owner: Text(key.User), Account: Text(key.Account)}
}

// decode keeps none of the slices.
func decode(secret, record, version []byte) (r token.Record, err error) {
	if err := r.UnmarshalJSON(record); err != nil {
		return token.Record{}, err
	}
	if secret != nil {
		r.Token = new(token.Token)
		if err := r.Token.UnmarshalJSON(secret); err != nil {
			return token.Record{}, err
		}
	}
	r.Version = token.Version(version)
	return r, nil
}
