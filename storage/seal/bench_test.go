package seal_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"testing"
	"time"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/tink"

	"github.com/waltz-oauth/waltz/internal/benchtest"
	"github.com/waltz-oauth/waltz/storage/seal"
	"github.com/waltz-oauth/waltz/token"
)

// column is a storage of one record, kept as an engine keeps it.
type column struct{ json []byte }

func (c *column) Get(context.Context, token.Key) (r token.Record, err error) {
	return r, r.UnmarshalJSON(c.json)
}

func (c *column) Set(_ context.Context, _ token.Key, r token.Record) (err error) {
	c.json, err = r.AppendJSON(c.json[:0])
	return err
}

func (c *column) Delete(context.Context, token.Key) error { return nil }

// bench is one token, sealed by this package and by hand: the same bytes, the same AEAD, the same
// record read and written.
type bench struct {
	s     *seal.Storage
	below *column
	aead  tink.AEAD
	r     token.Record

	bound, made []byte
	text        string
	written     token.Record // what is below
}

func newBench(b testing.TB, keys int) *bench {
	b.Helper()
	var t token.Token
	must(b, json.Unmarshal(benchtest.Token, &t))
	ring := newRing(b, keys)
	h, err := ring.Keyset(b.Context())
	must(b, err)
	x := &bench{below: new(column), r: token.New(&t), bound: make([]byte, 60)}
	x.r.Generation, x.r.Subject, x.r.RefreshAt = 7, "110000000000000000001", x.r.Since.Add(time.Hour)
	x.s = sealed(b, seal.Config{Next: x.below, Keys: seal.Fixed(h)})
	x.aead, err = aead.New(h)
	must(b, err)
	put(b, x.s, alice, x.r)
	x.written = get(b, x.below, alice)
	plain, err := t.MarshalJSON()
	must(b, err)
	x.made, err = x.aead.Encrypt(plain, x.bound)
	must(b, err)
	x.text = base64.RawURLEncoding.EncodeToString(x.made)
	return x
}

func (x *bench) open(ctx context.Context) error {
	_, err := x.s.Get(ctx, alice)
	return err
}

func (x *bench) openBare(ctx context.Context) error {
	r, err := x.below.Get(ctx, alice)
	if err != nil {
		return err
	}
	plain, err := x.aead.Decrypt(x.made, x.bound)
	if err != nil {
		return err
	}
	r.Token = new(token.Token)
	return r.Token.UnmarshalJSON(plain)
}

// openText is openBare for ciphertext that is stored as text.
func (x *bench) openText(ctx context.Context) error {
	made, err := base64.RawURLEncoding.DecodeString(x.text)
	if err != nil || len(made) != len(x.made) {
		return err
	}
	return x.openBare(ctx)
}

func (x *bench) seal(ctx context.Context) error { return x.s.Set(ctx, alice, x.r) }

func (x *bench) sealBare(ctx context.Context) error {
	plain, err := x.r.Token.MarshalJSON()
	if err != nil {
		return err
	}
	if _, err = x.aead.Encrypt(plain, x.bound); err != nil {
		return err
	}
	return x.below.Set(ctx, alice, x.written)
}

func (x *bench) sealText(ctx context.Context) error {
	x.text = base64.RawURLEncoding.EncodeToString(x.made)
	return x.sealBare(ctx)
}

// ratio measures one side against the other.
func ratio(b *testing.B, one, other func(context.Context) error) {
	ctx := b.Context()
	benchtest.Compare(b, func() error { return one(ctx) }, func() error { return other(ctx) })
}

// Against the bare AEAD, whose ciphertext is bytes, and against one whose ciphertext is text, as a
// storage of JSON needs it.
func BenchmarkSealRatio(b *testing.B) {
	x := newBench(b, 1)
	b.Run("open/bare", func(b *testing.B) { ratio(b, x.open, x.openBare) })
	b.Run("open/text", func(b *testing.B) { ratio(b, x.open, x.openText) })
	b.Run("seal/bare", func(b *testing.B) { ratio(b, x.seal, x.sealBare) })
	b.Run("seal/text", func(b *testing.B) { ratio(b, x.seal, x.sealText) })
}

func BenchmarkFiveKeysRatio(b *testing.B) {
	five, one := newBench(b, 5), newBench(b, 1)
	b.Run("open", func(b *testing.B) { ratio(b, five.open, one.open) })
	b.Run("seal", func(b *testing.B) { ratio(b, five.seal, one.seal) })
}

func BenchmarkOpen(b *testing.B) {
	x := newBench(b, 1)
	b.ReportAllocs()
	for b.Loop() {
		must(b, x.open(b.Context()))
	}
}

func BenchmarkSeal(b *testing.B) {
	x := newBench(b, 1)
	b.ReportAllocs()
	for b.Loop() {
		must(b, x.seal(b.Context()))
	}
}

// Allocations are what a machine's noise does not move.
func TestAllocations(t *testing.T) {
	x, five := newBench(t, 1), newBench(t, 5)
	count := func(do func(context.Context) error) float64 {
		return testing.AllocsPerRun(100, func() { _ = do(t.Context()) })
	}
	// The text that is decoded, and what the token is bound to in two parts.
	if more := count(x.open) - count(x.openBare); more > 3 {
		t.Errorf("opening allocates %v times more than the bare AEAD does, want 3", more)
	}
	// That, the encoder, its text and the token.
	if more := count(x.seal) - count(x.sealBare); more > 5 {
		t.Errorf("sealing allocates %v times more than the bare AEAD does, want 5", more)
	}
	if count(five.open) != count(x.open) || count(five.seal) != count(x.seal) {
		t.Error("five keys allocate more than one")
	}
}
