package seal_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/waltz-oauth/waltz/storage/memstore"
	"github.com/waltz-oauth/waltz/storage/seal"
	"github.com/waltz-oauth/waltz/token"
)

// places are where tokens can be: no two of them differ in the letters that they are made of more
// than they must.
func places() map[token.Key]token.Record {
	all := make(map[token.Key]token.Record)
	for _, p := range []struct {
		key        token.Key
		grant      string
		generation uint64
	}{
		{token.Key{Provider: "github", User: "alice"}, "grant", 0},
		{token.Key{Provider: "github", User: "bob"}, "grant", 0},
		{token.Key{Provider: "gitlab", User: "alice"}, "grant", 0},
		{token.Key{Provider: "github", User: "alice", Account: "work"}, "grant", 0},
		{token.Key{Provider: "github", User: "alice", Account: "home"}, "grant", 0},
		{token.Key{Provider: "github", User: "alicework"}, "grant", 0},
		{token.Key{Provider: "githuba", User: "lice", Account: "work"}, "grant", 0},
		{token.Key{Provider: "github", User: "carol"}, "grant", 1},
		{token.Key{Provider: "github", User: "carol", Account: "g"}, "rant", 1},
		{token.Key{Provider: "github", User: "dave"}, "grant", 11},
		{token.Key{Provider: "github", User: "dave", Account: "\x05"}, "grant1", 1},
		{token.Key{Provider: "github"}, "grant", 0},
	} {
		r := record(p.key.String())
		r.Grant, r.Generation = p.grant, p.generation
		all[p.key] = r
	}
	return all
}

func TestTokensOfTwoRowsExchangedDoNotOpen(t *testing.T) {
	t.Parallel()
	for engine, open := range engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			inner := open(t)
			s := sealed(t, seal.Config{Next: inner, Keys: newRing(t, 1)})
			below := make(map[token.Key]token.Record)
			for key, r := range places() {
				put(t, s, key, r)
				below[key] = get(t, inner, key)
			}
			for to, r := range below {
				for from, other := range below {
					if from == to {
						continue
					}
					moved := r
					moved.Token = other.Token
					put(t, inner, to, moved) // the ciphertext
					refuses(t, s, to, seal.ErrOpen)
					put(t, inner, to, other) // the row
					refuses(t, s, to, seal.ErrOpen)
				}
				put(t, inner, to, r)
				holds(t, s, to, to.String())
			}
		})
	}
}

func TestTokenOfAnotherGenerationOrGrantDoesNotOpen(t *testing.T) {
	t.Parallel()
	for engine, open := range engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			inner := open(t)
			s := sealed(t, seal.Config{Next: inner, Keys: newRing(t, 1)})
			first := record("a")
			put(t, s, alice, first)
			old := get(t, inner, alice)

			next := record("b")
			next.Grant, next.Generation = first.Grant, 1
			again := record("c") // a new login
			for name, r := range map[string]token.Record{"b": next, "c": again} {
				put(t, s, alice, r)
				now := get(t, inner, alice)
				edited := now
				edited.Token = old.Token
				put(t, inner, alice, edited)
				refuses(t, s, alice, seal.ErrOpen)
				put(t, inner, alice, now)
				holds(t, s, alice, name)
			}

			// A seal cannot tell that the whole row is what it was.
			put(t, inner, alice, old)
			holds(t, s, alice, "a")
		})
	}
}

func TestEveryBitCounts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]seal.Config{"keyset": {Keys: newRing(t, 1)}, "AEAD": {AEAD: raw(t)}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inner := memstore.New()
			c.Next = inner
			s := sealed(t, c)
			put(t, s, alice, record("a"))
			r := get(t, inner, alice)
			content, ok := r.Token.Opaque("sealed")
			if !ok {
				t.Fatal("the token is not sealed")
			}
			for i := range len(content) * 8 {
				content[i/8] ^= 1 << (i % 8)
				r.Token = token.Opaque("sealed", content)
				put(t, inner, alice, r)
				refuses(t, s, alice, seal.ErrOpen)
				content[i/8] ^= 1 << (i % 8)
			}
			for n := range len(content) {
				r.Token = token.Opaque("sealed", content[:n])
				put(t, inner, alice, r)
				refuses(t, s, alice, seal.ErrOpen)
			}
			r.Token = token.Opaque("sealed", append(content, 0))
			put(t, inner, alice, r)
			refuses(t, s, alice, seal.ErrOpen)
		})
	}
}

func TestDamagedTokenIsNotTakenForAPlainOne(t *testing.T) {
	t.Parallel()
	inner := memstore.New()
	s := sealed(t, seal.Config{Next: inner, Keys: newRing(t, 1), AcceptPlain: true})
	for _, text := range []string{
		`{"sealed":""}`,
		`{"sealed":"!"}`,
		`{"sealed":"AQ"}`,
		`{"sealed":null}`,
		`{"sealed":["x"]}`,
		`{"sealed":"AQ","more":1}`,
		`{"more":1,"sealed":"AQ"}`,
	} {
		r := record("a")
		r.Token = new(token.Token)
		must(t, json.Unmarshal([]byte(text), r.Token))
		put(t, inner, alice, r)
		refuses(t, s, alice, seal.ErrOpen)
		if id, ok := seal.KeyID(r); id != 0 || !ok {
			t.Errorf("%s: KeyID is %d, %t", text, id, ok)
		}
	}
}

func TestOtherKeysOpenNothing(t *testing.T) {
	t.Parallel()
	inner := memstore.New()
	keys := map[string]seal.Config{
		"keyset":       {Keys: newRing(t, 2)},
		"other keyset": {Keys: newRing(t, 2)},
		"AEAD":         {AEAD: raw(t)},
		"other AEAD":   {AEAD: raw(t)},
	}
	for name, c := range keys {
		c.Next = inner
		put(t, sealed(t, c), alice, record(name))
		for other, d := range keys {
			if d.Next = inner; other != name {
				refuses(t, sealed(t, d), alice, seal.ErrOpen)
			}
		}
		holds(t, sealed(t, c), alice, name)
	}
}

func TestPlainTokenIsReadIfTheApplicationSaysSo(t *testing.T) {
	t.Parallel()
	for engine, open := range engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			inner, keys := open(t), newRing(t, 1)
			put(t, inner, alice, record("before"))
			refuses(t, sealed(t, seal.Config{Next: inner, Keys: keys}), alice, seal.ErrPlain)

			s := sealed(t, seal.Config{Next: inner, Keys: keys, AcceptPlain: true})
			holds(t, s, alice, "before")
			if _, is := seal.KeyID(get(t, inner, alice)); is {
				t.Error("reading sealed it")
			}
			put(t, s, alice, get(t, s, alice))
			if _, is := seal.KeyID(get(t, inner, alice)); !is {
				t.Error("its next write did not seal it")
			}
			holds(t, sealed(t, seal.Config{Next: inner, Keys: keys}), alice, "before")
		})
	}
}

func TestAbsentIsNotDamaged(t *testing.T) {
	t.Parallel()
	s := sealed(t, seal.Config{Next: memstore.New(), Keys: newRing(t, 1)})
	if _, err := s.Get(t.Context(), alice); !errors.Is(err, token.ErrNotFound) || errors.Is(err, seal.ErrOpen) {
		t.Errorf("got %v", err)
	}
}
