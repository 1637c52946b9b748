package enginetest_test

import (
	"errors"
	"testing"
	"unicode/utf8"

	"github.com/waltz-oauth/waltz/storage/gormstore"
	"github.com/waltz-oauth/waltz/token"
)

// stores are one on each engine, whose users are any text.
func stores(f *testing.F) (all []*gormstore.Storage[ByString]) {
	f.Helper()
	for _, e := range engines {
		all = append(all, migrated[ByString](f, e.database(f)))
	}
	return all
}

// Whatever the bytes of a key, it is kept apart from those that look like it, and listed as it is;
// or it is refused, and nothing is stored.
func FuzzKey(f *testing.F) {
	all := stores(f)
	f.Add([]byte("github"), []byte("'; -- \x00"), []byte(" ? $1 %s \\"))
	f.Fuzz(func(t *testing.T, provider, user, account []byte) {
		key := token.Key{Provider: string(provider), User: string(user), Account: string(account)}
		for i, s := range all {
			t.Run(engines[i].name, func(t *testing.T) { keptApart(t, s, key) })
		}
	})
}

func keptApart(t *testing.T, s *gormstore.Storage[ByString], key token.Key) {
	t.Helper()
	absent := func(key token.Key) {
		t.Helper()
		if _, err := s.Get(t.Context(), key); !errors.Is(err, token.ErrNotFound) {
			t.Errorf("Get of %s returns error %v", key, err)
		}
	}
	if err := s.Set(t.Context(), key, record("a")); errors.Is(err, token.ErrKey) {
		absent(key)
		return
	} else if err != nil {
		t.Fatal(err)
	}
	load(t, s, key)
	for _, suffix := range []string{" ", "\x00", "%", "'"} {
		absent(token.Key{Provider: key.Provider + suffix, User: key.User, Account: key.Account})
		absent(token.Key{Provider: key.Provider, User: key.User + suffix, Account: key.Account})
		absent(token.Key{Provider: key.Provider, User: key.User, Account: key.Account + suffix})
	}
	listed := 0
	for e, err := range s.List(t.Context(), token.Filter{Provider: key.Provider, User: key.User}) {
		if listed++; err != nil || e.Key != key {
			t.Errorf("%s is set, and %s listed, error %v", key, e.Key, err)
		}
	}
	if listed != 1 {
		t.Errorf("%s is set, and %d are listed", key, listed)
	}
	check(t, s.Delete(t.Context(), key))
	absent(key)
}

// Whatever a provider says, it is kept as it is or refused.
func FuzzToken(f *testing.F) {
	all := stores(f)
	f.Add([]byte(`{"access_token":"fake-\u0000\ud83d\ude00","expires_in":1e2,"nested":{"b":[1,{}],"a":null}}`), []byte("subject"), []byte("reason"))
	f.Add([]byte(`{"access_token":"fake-\\ ' ; -- $1 ? %s \u2028"}`), []byte(" \x00"), []byte("😀\x00"))
	f.Fuzz(func(t *testing.T, data, subject, reason []byte) {
		given := new(token.Token)
		if given.UnmarshalJSON(data) != nil || !utf8.Valid(subject) || !utf8.Valid(reason) {
			return // such records are refused before any storage sees them
		}
		want, err := given.MarshalJSON()
		check(t, err)
		r := token.New(given)
		r.Subject, r.Reason = string(subject), string(reason)
		for i, s := range all {
			err := s.Set(t.Context(), github, r)
			if errors.Is(err, token.ErrTooLarge) {
				continue
			}
			check(t, err)
			got := load(t, s, github)
			kept, err := got.Token.MarshalJSON()
			check(t, err)
			if string(kept) != string(want) {
				t.Errorf("%s: the token that was kept differs from the one that was given", engines[i].name)
			}
			if got.Subject != r.Subject || got.Reason != r.Reason {
				t.Errorf("%s: kept subject %q and reason %q, want %q and %q", engines[i].name, got.Subject, got.Reason, r.Subject, r.Reason)
			}
		}
	})
}
