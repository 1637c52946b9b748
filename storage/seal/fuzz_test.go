package seal_test

import (
	"errors"
	"testing"

	"github.com/waltz-oauth/waltz/storage/memstore"
	"github.com/waltz-oauth/waltz/storage/seal"
	"github.com/waltz-oauth/waltz/token"
)

// FuzzOpen reads what somebody put where a sealed token was. It opens if it is that token, and nothing
// else does.
func FuzzOpen(f *testing.F) {
	golden := file(f, "testdata/record.json")
	f.Add(golden)
	f.Add([]byte(`{}`))
	f.Add([]byte(`{"token":{"sealed":""},"grant":"g"}`))
	f.Add([]byte(`{"token":{"access_token":"fake"}}`))
	below := &column{json: golden}
	s := sealed(f, seal.Config{Next: below, Keys: testKeys(f)})
	want := get(f, s, alice)
	f.Fuzz(func(t *testing.T, stored []byte) {
		below.json = stored
		if _, err := below.Get(t.Context(), alice); err != nil {
			return // the engine's affair
		}
		r, err := s.Get(t.Context(), alice)
		var e *token.Error
		switch {
		case err != nil && (errors.Is(err, seal.ErrOpen) == errors.Is(err, seal.ErrPlain) || !errors.As(err, &e) || e.Key != alice):
			t.Errorf("got the error %v", err)
		case err == nil && r.Token != nil && (r.Token.AccessToken != want.Token.AccessToken || r.Grant != want.Grant || r.Generation != want.Generation):
			t.Error("opened what was not sealed")
		}
		seal.KeyID(r)
	})
}

// FuzzSeal puts any token at any key, and looks for it there.
func FuzzSeal(f *testing.F) {
	f.Add("github", "alice", "work", "grant", uint64(1), "fake")
	f.Add("", "", "", "", uint64(0), "")
	s := sealed(f, seal.Config{Next: memstore.New(), Keys: testKeys(f)})
	f.Fuzz(func(t *testing.T, provider, user, account, grant string, generation uint64, access string) {
		key := token.Key{Provider: provider, User: user, Account: account}
		r := token.Record{Token: &token.Token{AccessToken: access}, Grant: grant, Generation: generation}
		if s.Set(t.Context(), key, r) != nil {
			return // no JSON
		}
		if got := get(t, s, key); got.Token.AccessToken != access || got.Grant != grant || got.Generation != generation {
			t.Errorf("got %v", got)
		}
	})
}
