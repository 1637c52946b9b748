package memstore

import (
	"context"

	"github.com/waltz-oauth/waltz/token"
)

// Null is a storage that keeps nothing, for an application that only asks who somebody is: the
// callback's hook sees the token, and nobody ever again. Set succeeds and drops the record, so
// that Get always finds nothing: the one promise of a [token.Storage] that Null does not keep.
type Null struct{}

var _ token.Storage = Null{}

// Get returns an error that matches [token.ErrNotFound].
func (Null) Get(ctx context.Context, key token.Key) (token.Record, error) {
	err := ctx.Err()
	if err == nil {
		err = token.ErrNotFound
	}
	return token.Record{}, &token.Error{Op: "get", Key: key, Err: err}
}

// Set drops r.
func (Null) Set(ctx context.Context, key token.Key, _ token.Record) error {
	if err := ctx.Err(); err != nil {
		return &token.Error{Op: "set", Key: key, Err: err}
	}
	return nil
}

// Delete has nothing to delete.
func (Null) Delete(ctx context.Context, key token.Key) error {
	if err := ctx.Err(); err != nil {
		return &token.Error{Op: "delete", Key: key, Err: err}
	}
	return nil
}
