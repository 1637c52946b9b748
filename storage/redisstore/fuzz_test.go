package redisstore_test

import (
	"errors"
	"testing"
	"unicode/utf8"

	"github.com/waltz-oauth/waltz/token"
)

// Whatever the bytes of a key, it is kept apart from those that look like it, and listed as it is; or it
// is refused.
func FuzzKey(f *testing.F) {
	s, client, _ := shared(f)
	f.Fuzz(func(t *testing.T, provider, user, account []byte) {
		key := token.Key{Provider: string(provider), User: string(user), Account: string(account)}
		if err := s.Set(t.Context(), key, record("a")); errors.Is(err, token.ErrKey) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
		load(t, s, key)
		for _, suffix := range []string{" ", "\x00", "!", "*", "}"} {
			for _, other := range []token.Key{
				{Provider: key.Provider + suffix, User: key.User, Account: key.Account},
				{Provider: key.Provider, User: key.User + suffix, Account: key.Account},
				{Provider: key.Provider, User: key.User, Account: key.Account + suffix},
			} {
				if _, err := s.Get(t.Context(), other); !errors.Is(err, token.ErrNotFound) && !errors.Is(err, token.ErrKey) {
					t.Errorf("%s is set, and Get of %s returns error %v", key, other, err)
				}
			}
		}
		for _, f := range []token.Filter{{}, {Provider: key.Provider}, {User: key.User}, {Provider: key.Provider, User: key.User}} {
			if all := list(t, s, f); len(all) != 1 || all[0].Key != key {
				t.Errorf("%s is set, and %+v lists %v", key, f, all)
			}
		}
		if err := s.Delete(t.Context(), key); err != nil {
			t.Fatal(err)
		}
		index, due, _ := s.Indexed(key, "")
		if left, err := client.Exists(t.Context(), s.Name(key), index, due).Result(); err != nil || left > 0 {
			t.Errorf("%s was deleted, and %d of its keys in Redis are there, %v", key, left, err)
		}
	})
}

// Whatever a provider says, it is kept as it is or refused.
func FuzzToken(f *testing.F) {
	s, _, _ := shared(f)
	f.Add([]byte(`{"access_token":"fake-\u0000\ud83d\ude00","expires_in":1e2,"nested":{"b":[1,{}],"a":null}}`), []byte("subject"), []byte("reason"))
	f.Add([]byte("{\"access_token\":\n\t\"fake-\\n \u2028\"\r\n}"), []byte(" \x00\n"), []byte("😀\x00\n"))
	f.Fuzz(func(t *testing.T, data, subject, reason []byte) {
		given := new(token.Token)
		if given.UnmarshalJSON(data) != nil || !utf8.Valid(subject) || !utf8.Valid(reason) {
			return // such records are refused before any storage sees them
		}
		r := token.New(given)
		r.Subject, r.Reason = string(subject), string(reason)
		if err := s.Set(t.Context(), alice, r); errors.Is(err, token.ErrTooLarge) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
		got := load(t, s, alice)
		want, err := given.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		kept, err := got.Token.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		if string(kept) != string(want) {
			t.Error("the token that was kept differs from the one that was given")
		}
		if got.Subject != r.Subject || got.Reason != r.Reason {
			t.Errorf("kept subject %q and reason %q, want %q and %q", got.Subject, got.Reason, r.Subject, r.Reason)
		}
		if r.Subject != "" {
			if all := list(t, s, token.Filter{Subject: r.Subject}); len(all) != 1 {
				t.Errorf("%d records of subject %q are listed", len(all), r.Subject)
			}
		}
	})
}
