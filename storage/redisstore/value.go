package redisstore

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"strconv"
	"time"

	"github.com/waltz-oauth/waltz/token"
)

// A record is a text of three lines:
//
//	its version, a space, and what its key is preceded by in the index of subjects, if anything
//	the record as JSON, without its token
//	the token as JSON; empty: the record has none
//
// Scripts read the first, and lists the first two. No line break can be within them.

// maxToken is far above any token, and keeps scripts short.
const maxToken = 8 << 20

// encode returns what is stored for r, its new version and its subject's part in the index.
func encode(r token.Record) (value []byte, v token.Version, subject string, err error) {
	if n := len(r.Subject); n > maxKey {
		return nil, "", "", fmt.Errorf("%w: the subject has %d bytes, and at most %d are kept", token.ErrTooLarge, n, maxKey)
	}
	subject = indexed('s', r.Subject)
	var secret []byte
	if r.Token != nil {
		if secret, err = r.Token.MarshalJSON(); err != nil {
			return nil, "", "", err
		}
		if n := len(secret); n > maxToken {
			return nil, "", "", fmt.Errorf("%w: it has %d bytes, and at most %d are kept", token.ErrTooLarge, n, maxToken)
		}
		r.Token = nil
	}
	v = token.Version(rand.Text()) // a count would come again after the key was deleted
	value = make([]byte, 0, len(secret)+len(subject)+512)
	value = append(append(append(value, v...), ' '), subject...)
	if value, err = r.AppendJSON(append(value, '\n')); err != nil {
		return nil, "", "", err
	}
	return append(append(value, '\n'), secret...), v, subject, nil
}

// indexed returns what precedes a key in the index; "" where text is.
func indexed(kind byte, text string) string {
	if text == "" {
		return ""
	}
	return string(append(escape([]byte{kind}, text), ' '))
}

// due returns the score of r among what is due; "" where it will never be. Lists compare r itself too:
// a score is a float64, which is exact to the microsecond until the year 2255, and never out of order.
func due(r token.Record) string {
	if r.RefreshAt.IsZero() || r.State == token.Reauthorize {
		return ""
	}
	return score(r.RefreshAt)
}

func score(at time.Time) string { return strconv.FormatInt(at.UnixMicro(), 10) }

// decode reads what encode returned, and keeps none of it.
func decode(value []byte) (token.Record, error) {
	r, secret, err := decodeRecord(value)
	if err == nil && len(secret) > 0 {
		r.Token = new(token.Token)
		err = r.Token.UnmarshalJSON(secret)
	}
	if err != nil {
		return token.Record{}, fmt.Errorf("%w: %w", errRecord, err)
	}
	return r, nil
}

// decodeRecord reads the first two lines of value, and returns the third, of which some may be missing.
func decodeRecord(value []byte) (r token.Record, secret []byte, err error) {
	first, rest, _ := bytes.Cut(value, []byte{'\n'})
	record, secret, whole := bytes.Cut(rest, []byte{'\n'})
	version, _, found := bytes.Cut(first, []byte{' '})
	if !whole || !found {
		return token.Record{}, nil, errLines
	}
	err = r.UnmarshalJSON(record)
	r.Version = token.Version(version)
	return r, secret, err
}
