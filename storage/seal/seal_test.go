package seal_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"

	"github.com/waltz-oauth/waltz/storage/memstore"
	"github.com/waltz-oauth/waltz/storage/seal"
	"github.com/waltz-oauth/waltz/storage/storagetest"
	"github.com/waltz-oauth/waltz/token"
)

func TestStorageKeepsItsPromises(t *testing.T) {
	t.Parallel()
	keys := newRing(t, 2)
	for name, open := range engines {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			storagetest.Run(t, func(t *testing.T) token.Storage {
				return sealed(t, seal.Config{Next: open(t), Keys: keys})
			})
		})
	}
	t.Run("sealed twice", func(t *testing.T) {
		t.Parallel()
		other := newRing(t, 1)
		storagetest.Run(t, func(t *testing.T) token.Storage {
			inner := sealed(t, seal.Config{Next: memstore.New(), Keys: keys})
			return sealed(t, seal.Config{Next: inner, Keys: other})
		})
	})
	t.Run("AEAD", func(t *testing.T) {
		t.Parallel()
		storagetest.Run(t, func(t *testing.T) token.Storage {
			return sealed(t, seal.Config{Next: memstore.New(), AEAD: raw(t)})
		})
	})
}

// raw returns an AEAD that says nothing of its key.
func raw(t testing.TB) tink.AEADWithContext {
	t.Helper()
	h, err := keyset.NewHandle(aead.AES256GCMNoPrefixKeyTemplate())
	must(t, err)
	a, err := aead.New(h)
	must(t, err)
	return seal.Local(a)
}

func TestStorageCanDoWhatIsBelow(t *testing.T) {
	t.Parallel()
	keys := newRing(t, 1)
	plain := sealed(t, seal.Config{Next: engines["three methods"](t), Keys: keys})
	if _, ok := token.As[token.Versioned](plain); ok {
		t.Error("a seal over three methods passes for Versioned")
	}
	_, load := plain.Load(t.Context(), alice)
	_, swap := plain.Swap(t.Context(), alice, "", token.Record{})
	watch := plain.Watch(t.Context(), func(token.Key) {})
	for _, err := range []error{load, swap, watch} {
		if !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("got %v, want errors.ErrUnsupported", err)
		}
	}
	for _, err := range plain.List(t.Context(), token.Filter{}) {
		if !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("List: got %v, want errors.ErrUnsupported", err)
		}
	}
	watched := sealed(t, seal.Config{Next: watcher{memstore.New()}, Keys: keys})
	w, ok := token.As[token.Watcher](watched)
	if !ok {
		t.Fatal("a seal over a Watcher is none")
	}
	var got token.Key
	must(t, w.Watch(t.Context(), func(key token.Key) { got = key }))
	if got != alice {
		t.Error("what changed was not passed on")
	}
	if token.Reaches(plain) != token.Process {
		t.Error("the reach is not that of what is below")
	}
}

type watcher struct{ *memstore.Storage }

func (watcher) Watch(_ context.Context, changed func(token.Key)) error {
	changed(alice)
	return nil
}

func TestOnlyTheTokenIsSealed(t *testing.T) {
	t.Parallel()
	inner, keys := memstore.New(), newRing(t, 1)
	s := sealed(t, seal.Config{Next: inner, Keys: keys})
	r := record("a")
	r.Generation, r.Subject, r.RefreshAt = 7, "subject", time.Now().Add(-time.Hour).UTC()
	r.Lease = token.Lease{Attempt: "attempt", Until: r.RefreshAt}
	put(t, s, alice, r)

	below := get(t, inner, alice)
	if below.Grant != r.Grant || below.Generation != 7 || below.Subject != "subject" || !below.RefreshAt.Equal(r.RefreshAt) || below.Lease != r.Lease {
		t.Errorf("below is %+v", below)
	}
	var members map[string]string
	b, err := below.Token.MarshalJSON()
	must(t, err)
	must(t, json.Unmarshal(b, &members))
	if len(members) != 1 || members["sealed"] == "" {
		t.Errorf("the token below has %d members, want one called sealed", len(members))
	}
	if id, ok := seal.KeyID(below); !ok || id != keys.primary(t) {
		t.Errorf("KeyID is %d, %t; want %d", id, ok, keys.primary(t))
	}
	due := 0
	for e, err := range s.List(t.Context(), token.Filter{Subject: "subject", Due: time.Now()}) {
		must(t, err)
		if e.Key == alice && e.Record.Token == nil {
			due++
		}
	}
	if due != 1 {
		t.Errorf("%d records are due, want 1", due)
	}
}

func TestTheSameTokenIsSealedAnewEachTime(t *testing.T) {
	t.Parallel()
	inner := memstore.New()
	s := sealed(t, seal.Config{Next: inner, Keys: newRing(t, 1)})
	r := record("a")
	put(t, s, alice, r)
	first, err := get(t, inner, alice).Token.MarshalJSON()
	must(t, err)
	put(t, s, alice, r)
	second, err := get(t, inner, alice).Token.MarshalJSON()
	must(t, err)
	if bytes.Equal(first, second) {
		t.Error("two seals of one token are the same")
	}
}

func TestRecordWithoutTokenStaysSo(t *testing.T) {
	t.Parallel()
	inner := memstore.New()
	s := sealed(t, seal.Config{Next: inner, Keys: newRing(t, 1)})
	r := record("a")
	r.Token = nil
	put(t, s, alice, r)
	if got := get(t, s, alice); got.Token != nil || got.Grant != r.Grant {
		t.Errorf("got %v", got)
	}
	if _, sealed := seal.KeyID(get(t, inner, alice)); sealed {
		t.Error("no token was sealed")
	}
}

// What was sealed by this program when it was first released opens for ever.
func TestTokenSealedLongAgoOpens(t *testing.T) {
	t.Parallel()
	s := sealed(t, seal.Config{Next: &column{json: file(t, "testdata/record.json")}, Keys: testKeys(t)})
	holds(t, s, alice, "golden")
}

func TestNewSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	rawKeys, err := keyset.NewHandle(aead.AES256GCMNoPrefixKeyTemplate())
	must(t, err)
	down := newRing(t, 1)
	down.fail = errors.New("down")
	for name, c := range map[string]seal.Config{
		"nothing":       {},
		"no storage":    {AEAD: raw(t)},
		"no key":        {Next: memstore.New()},
		"both":          {Next: memstore.New(), AEAD: raw(t), Keys: newRing(t, 1)},
		"no keyset":     {Next: memstore.New(), Keys: seal.Fixed(nil)},
		"keys loadless": {Next: memstore.New(), Keys: down},
		"keys raw":      {Next: memstore.New(), Keys: seal.Fixed(rawKeys)},
	} {
		if s, err := seal.New(t.Context(), c); err == nil || s != nil {
			t.Errorf("%s: got no error", name)
		}
	}
}

func readKeyset(t testing.TB, name string) *keyset.Handle {
	t.Helper()
	h, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(file(t, name))))
	must(t, err)
	return h
}
