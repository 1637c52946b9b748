package sqlstore

import "github.com/waltz-oauth/waltz/token"

// Listing is the statement for a page, for tests of how an engine would find it.
func (s *Storage) Listing(f token.Filter, after *token.Key) (string, []any) {
	return s.listing(f, after)
}

// Getting is the statement for one record.
func (s *Storage) Getting(key token.Key) (string, []any) { return s.text.get, keyArgs(key) }

// Bound is a statement with its parameters as the engine wants them.
func (s *Storage) Bound(query string) string { return s.config.Dialect.bind(query) }

// Setting is the statement that stores a record.
func (s *Storage) Setting() string { return s.text.set }
