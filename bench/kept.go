package main

import (
	"sync"
	"time"

	"github.com/waltz-oauth/waltz/internal/benchtest"
	"github.com/waltz-oauth/waltz/token"
)

// kept is the least storage.
type kept struct {
	mu sync.Mutex
	of map[string]any
}

func newKept() *kept { return &kept{of: make(map[string]any)} }

func (k *kept) set(v any) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.of[fakeUser] = v
}

// benchToken is a token of 1.3 kB with an ID token, an hour before its expiry, as a storage gives it back.
func benchToken() *token.Token {
	b, err := received().MarshalJSON()
	t := new(token.Token)
	if err == nil {
		err = t.UnmarshalJSON(b)
	}
	if err != nil {
		panic(err) // embedded
	}
	return t
}

// received is the same as it comes from a provider: when it expires is not among its members yet.
func received() *token.Token {
	t := new(token.Token)
	if err := t.UnmarshalJSON(benchtest.Token); err != nil {
		panic(err) // embedded
	}
	t.Expiry = time.Now().Add(time.Hour).UTC().Truncate(time.Microsecond)
	return t
}

func benchKey() token.Key { return token.Key{Provider: "github", User: fakeUser} }
