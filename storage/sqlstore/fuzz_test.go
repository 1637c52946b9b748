package sqlstore_test

import (
	"errors"
	"testing"

	"github.com/waltz-oauth/waltz/token"
)

// Whatever the bytes of a key, it is kept apart from those that look like it, and listed as it is;
// or it is refused, and nothing is stored.
func FuzzKey(f *testing.F) {
	s, _ := migrated(f)
	f.Fuzz(func(t *testing.T, provider, user, account []byte) {
		key := token.Key{Provider: string(provider), User: string(user), Account: string(account)}
		err := s.Set(t.Context(), key, record("a"))
		if errors.Is(err, token.ErrKey) {
			if _, err := s.Get(t.Context(), key); !errors.Is(err, token.ErrNotFound) {
				t.Fatalf("%s was refused, and Get returns error %v", key, err)
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		load(t, s, key)
		for _, suffix := range []string{" ", "\x00", "%", "'"} {
			for _, other := range []token.Key{
				{Provider: key.Provider + suffix, User: key.User, Account: key.Account},
				{Provider: key.Provider, User: key.User + suffix, Account: key.Account},
				{Provider: key.Provider, User: key.User, Account: key.Account + suffix},
			} {
				if _, err := s.Get(t.Context(), other); !errors.Is(err, token.ErrNotFound) {
					t.Errorf("%s is set, and Get of %s returns error %v", key, other, err)
				}
			}
		}
		for e, err := range s.List(t.Context(), token.Filter{}) {
			if err != nil || e.Key != key {
				t.Errorf("%s is set, and %s listed, error %v", key, e.Key, err)
			}
		}
		if err := s.Delete(t.Context(), key); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Get(t.Context(), key); !errors.Is(err, token.ErrNotFound) {
			t.Errorf("%s was deleted, and Get returns error %v", key, err)
		}
	})
}
