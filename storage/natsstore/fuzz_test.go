package natsstore_test

import (
	"errors"
	"testing"
	"unicode/utf8"

	"github.com/waltz-oauth/waltz/storage/natsstore"
	"github.com/waltz-oauth/waltz/token"
)

// Whatever the bytes of a key, it is kept apart from those that look like it, and listed as it is;
// or it is refused, and nothing is stored.
func FuzzKey(f *testing.F) {
	s := open(f, empty(f))
	f.Add([]byte(""), []byte(""), []byte(""))
	f.Add([]byte("git.hub"), []byte("=2E"), []byte("="))
	f.Add([]byte("*"), []byte(">"), []byte("$KV \r\n\x00"))
	f.Add([]byte("="), []byte("=="), []byte("=2e"))
	f.Add([]byte("é😀"), []byte("\xff\xfe"), []byte("-_/"))
	f.Fuzz(func(t *testing.T, provider, user, account []byte) {
		keptApart(t, s, token.Key{Provider: string(provider), User: string(user), Account: string(account)})
	})
}

func keptApart(t *testing.T, s *natsstore.Storage, key token.Key) {
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
	for _, suffix := range []string{" ", "\x00", ".", "*", "="} {
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
	for _, f := range []token.Filter{{}, {Provider: key.Provider}, {User: key.User}, {Provider: key.Provider, User: key.User}} {
		listed := 0
		for e, err := range s.List(t.Context(), f) {
			if err != nil || e.Key != key {
				t.Errorf("%s is set, and %s listed, error %v", key, e.Key, err)
			}
			listed++
		}
		if listed != 1 {
			t.Errorf("%d entries are listed for %+v, want 1", listed, f)
		}
	}
	remove(t, s, key)
	if _, err := s.Get(t.Context(), key); !errors.Is(err, token.ErrNotFound) {
		t.Errorf("%s was deleted, and Get returns error %v", key, err)
	}
}

// Whatever a provider says, it is kept as it is or refused.
func FuzzToken(f *testing.F) {
	s := open(f, empty(f))
	f.Add([]byte(`{"access_token":"fake-\u0000\ud83d\ude00","expires_in":1e2,"nested":{"b":[1,{}],"a":null}}`), []byte("subject"), []byte("reason"))
	f.Add([]byte(`{"access_token":"fake-\\ ' ; -- $1 ? %s \u2028"}`), []byte(" \x00 "), []byte("😀\r\nKV-Operation: DEL\r\n"))
	f.Add([]byte(`{}`), []byte("\x7f\u0085\u2028"), []byte(" "))
	f.Fuzz(func(t *testing.T, data, subject, reason []byte) {
		given := new(token.Token)
		if given.UnmarshalJSON(data) != nil || !utf8.Valid(subject) || !utf8.Valid(reason) {
			return // such records are refused before any storage sees them
		}
		key, r := token.Key{Provider: "github"}, token.New(given)
		r.Subject, r.Reason = string(subject), string(reason)
		err := s.Set(t.Context(), key, r)
		if errors.Is(err, token.ErrTooLarge) {
			return
		}
		if err != nil {
			t.Fatal(err)
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
			t.Error("the token that was kept differs from the one that was given")
		}
		if got.Subject != r.Subject || got.Reason != r.Reason {
			t.Errorf("kept subject %q and reason %q, want %q and %q", got.Subject, got.Reason, r.Subject, r.Reason)
		}
	})
}
