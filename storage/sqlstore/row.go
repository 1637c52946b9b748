package sqlstore

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/waltz-oauth/waltz/token"
)

// A record is two columns of JSON, so that a list need not read tokens: token is the provider's
// answer, and record the rest. Subject and due_at, which can be found by, repeat what is in record;
// due_at is NULL where no refresh will ever be due.

// maxToken keeps a row well below what every engine takes, and far above any token.
const maxToken = 8 << 20

// keyArgs are the parameters for the columns of the key. They are bytes, since text is folded,
// trimmed or refused by one engine or another.
func keyArgs(key token.Key) []any {
	return []any{[]byte(key.Provider), []byte(key.User), []byte(key.Account)}
}

// row returns the parameters that store r at key, in the order of texts, and r's new version.
func (s *Storage) row(key token.Key, r token.Record) ([]any, token.Version, error) {
	longest := s.config.Dialect.MaxKey
	if n := max(len(key.Provider), len(key.User), len(key.Account)); n > longest {
		return nil, "", fmt.Errorf("%w: a part of it has %d bytes, and at most %d are kept", token.ErrKey, n, longest)
	}
	if n := len(r.Subject); n > longest {
		return nil, "", fmt.Errorf("%w: the subject has %d bytes, and at most %d are kept", token.ErrTooLarge, n, longest)
	}
	var secret, subject, due any // nil: NULL
	if r.Token != nil {
		b, err := r.Token.MarshalJSON()
		if err != nil {
			return nil, "", err
		}
		if len(b) > maxToken {
			return nil, "", fmt.Errorf("%w: it has %d bytes, and at most %d are kept", token.ErrTooLarge, len(b), maxToken)
		}
		secret = string(b)
	}
	if r.Subject != "" {
		subject = []byte(r.Subject)
	}
	if !r.RefreshAt.IsZero() && r.State != token.Reauthorize {
		due = r.RefreshAt.UnixMicro()
	}
	r.Token = nil
	record, err := r.AppendJSON(nil)
	if err != nil {
		return nil, "", err
	}
	version := newVersion()
	return append([]any{secret, string(record), string(version), subject, due}, keyArgs(key)...), version, nil
}

// read returns the record that query finds at key. Columns after those of the record go to more.
func (s *Storage) read(ctx context.Context, query string, key token.Key, more ...any) (token.Record, error) {
	rows, err := s.run.QueryContext(ctx, query, keyArgs(key)...)
	if err != nil {
		return token.Record{}, err
	}
	defer rows.Close()
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return token.Record{}, err
		}
		return token.Record{}, token.ErrNotFound
	}
	var secret, record sql.RawBytes
	var version string
	if err := rows.Scan(append([]any{&secret, &record, &version}, more...)...); err != nil {
		return token.Record{}, err
	}
	return decode(secret, record, version)
}

// decode keeps neither of the slices.
func decode(secret, record []byte, version string) (r token.Record, err error) {
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
