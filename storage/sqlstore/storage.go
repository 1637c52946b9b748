package sqlstore

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/waltz-oauth/waltz/token"
)

// Get implements [token.Storage].
func (s *Storage) Get(ctx context.Context, key token.Key) (token.Record, error) {
	r, err := s.read(ctx, s.text.get, key)
	return r, failed("get", key, err)
}

// Load implements [token.Versioned]. On an engine of this host, Now is the host's clock.
func (s *Storage) Load(ctx context.Context, key token.Key) (token.Record, error) {
	now := time.Now().UnixMicro()
	var columns []any
	if s.config.Dialect.Clock != "" {
		columns = append(columns, &now)
	}
	r, err := s.read(ctx, s.text.load, key, columns...)
	if err == nil {
		r.Now = time.UnixMicro(now).UTC()
	}
	return r, failed("load", key, err)
}

// Set implements [token.Storage].
func (s *Storage) Set(ctx context.Context, key token.Key, r token.Record) error {
	args, _, err := s.row(key, r)
	if err == nil {
		_, err = s.exec(ctx, s.text.set, args...)
	}
	return failed("set", key, err)
}

// Swap implements [token.Versioned].
func (s *Storage) Swap(ctx context.Context, key token.Key, old token.Version, r token.Record) (token.Version, error) {
	args, version, err := s.row(key, r)
	if err != nil {
		return "", failed("swap", key, err)
	}
	changed, err := s.exec(ctx, s.text.swap, append(args, string(old))...)
	if err == nil && changed == 0 {
		err = token.ErrConflict
	}
	if err != nil {
		return "", failed("swap", key, err)
	}
	return version, nil
}

// Delete implements [token.Storage].
func (s *Storage) Delete(ctx context.Context, key token.Key) error {
	_, err := s.exec(ctx, s.text.delete, keyArgs(key)...)
	return failed("delete", key, err)
}

func failed(op string, key token.Key, err error) error {
	if err == nil {
		return nil
	}
	return &token.Error{Op: op, Key: key, Err: err}
}

// newVersion is random, so that a version never comes again: a count would, after the row was
// deleted and made anew, or the database restored from a backup.
func newVersion() token.Version { return token.Version(rand.Text()) }
