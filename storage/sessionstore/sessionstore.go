// Package sessionstore keeps tokens in the browser's session.
package sessionstore

import (
	"context"
	"net/http"

	"github.com/waltz-oauth/waltz/token"
)

// Config …
type Config struct {
	Secrets  []string // newest first; at least one
	Insecure bool     // plain http on loopback: no Secure attribute, no __Host- prefix
}

// Storage …
type Storage struct{}

func New(c Config) (*Storage, error) { panic("stub") }

// Middleware must be around every handler that uses tokens.
func (s *Storage) Middleware(next http.Handler) http.Handler { panic("stub") }

func (s *Storage) Get(ctx context.Context, key token.Key) (token.Record, error) { panic("stub") }
func (s *Storage) Set(ctx context.Context, key token.Key, r token.Record) error { panic("stub") }
func (s *Storage) Delete(ctx context.Context, key token.Key) error              { panic("stub") }
func (s *Storage) Reach() token.Reach                                           { return token.Request }
