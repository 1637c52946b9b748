package sqlstore_test

import (
	"errors"
	"testing"
	"unicode/utf8"

	"github.com/waltz-oauth/waltz/storage/sqlstore"
	"github.com/waltz-oauth/waltz/token"
)

// Whatever the bytes of a key, it is kept apart from those that look like it, and listed as it is;
// or it is refused, and nothing is stored.
func FuzzKey(f *testing.F) {
	var all []*sqlstore.Storage
	for _, e := range engines {
		s, _ := e.migrated(f)
		all = append(all, s)
	}
	f.Fuzz(func(t *testing.T, provider, user, account []byte) {
		key := token.Key{Provider: string(provider), User: string(user), Account: string(account)}
		for i, s := range all {
			t.Run(engines[i].name, func(t *testing.T) { keptApart(t, s, key) })
		}
	})
}

func keptApart(t *testing.T, s *sqlstore.Storage, key token.Key) {
	t.Helper()
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
}

// Whatever a provider says, it is kept as it is or refused.
func FuzzToken(f *testing.F) {
	var all []*sqlstore.Storage
	for _, e := range engines {
		s, _ := e.migrated(f)
		all = append(all, s)
	}
	f.Add([]byte(`{"access_token":"fake-\u0000\ud83d\ude00","expires_in":1e2,"nested":{"b":[1,{}],"a":null}}`), []byte("subject"), []byte("reason"))
	f.Add([]byte(`{"access_token":"fake-\\ ' ; -- $1 ? %s \u2028"}`), []byte(" \x00"), []byte("😀\x00"))
	f.Fuzz(func(t *testing.T, data, subject, reason []byte) {
		given := new(token.Token)
		if given.UnmarshalJSON(data) != nil || !utf8.Valid(subject) || !utf8.Valid(reason) {
			return // such records are refused before any storage sees them
		}
		key, r := token.Key{Provider: "github"}, token.New(given)
		r.Subject, r.Reason = string(subject), string(reason)
		for i, s := range all {
			err := s.Set(t.Context(), key, r)
			if errors.Is(err, token.ErrKey) || errors.Is(err, token.ErrTooLarge) {
				continue
			}
			if err != nil {
				t.Fatalf("%s: %v", engines[i].name, err)
			}
			got := load(t, s, key)
			want, err := given.MarshalJSON()
			if err != nil {
				t.Fatal(err)
			}
			kept, err := got.Token.MarshalJSON()
			if err != nil {
				t.Fatal(err)
			}
			if string(kept) != string(want) {
				t.Errorf("%s: the token that was kept differs from the one that was given", engines[i].name)
			}
			if got.Subject != r.Subject || got.Reason != r.Reason {
				t.Errorf("%s: kept subject %q and reason %q, want %q and %q", engines[i].name, got.Subject, got.Reason, r.Subject, r.Reason)
			}
		}
	})
}
