package seal_test

import (
	"testing"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/testing/fakekms"
	"github.com/tink-crypto/tink-go/v2/tink"

	"github.com/waltz-oauth/waltz/storage/memstore"
	"github.com/waltz-oauth/waltz/storage/seal"
	"github.com/waltz-oauth/waltz/storage/storagetest"
	"github.com/waltz-oauth/waltz/token"
)

// envelopes returns Tink's two kinds of envelope around a key that never leaves a KMS: one whose methods
// take a context, and one whose methods do not. A KMS here is one that Tink tests with.
func envelopes(t *testing.T) map[string]tink.AEADWithContext {
	t.Helper()
	uri, err := fakekms.NewKeyURI()
	must(t, err)
	kek, err := fakekms.NewAEADWithContext(uri)
	must(t, err)
	envelope, err := aead.NewKMSEnvelopeAEADWithContext(aead.AES256GCMKeyTemplate(), kek)
	must(t, err)
	client, err := fakekms.NewClient(uri)
	must(t, err)
	old, err := client.GetAEAD(uri)
	must(t, err)
	return map[string]tink.AEADWithContext{
		"with a context": envelope,
		"without":        seal.Local(aead.NewKMSEnvelopeAEAD2(aead.AES256GCMKeyTemplate(), old)),
	}
}

func TestEnvelopesOfAKMS(t *testing.T) {
	t.Parallel()
	for name, a := range envelopes(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			storagetest.Run(t, func(t *testing.T) token.Storage {
				return sealed(t, seal.Config{Next: memstore.New(), AEAD: a})
			})
			inner := memstore.New()
			s := sealed(t, seal.Config{Next: inner, AEAD: a})
			bob := token.Key{Provider: "github", User: "bob"}
			put(t, s, alice, record("a"))
			put(t, s, bob, record("b"))
			put(t, inner, alice, get(t, inner, bob))
			refuses(t, s, alice, seal.ErrOpen)
			for _, other := range envelopes(t) { // of another key
				refuses(t, sealed(t, seal.Config{Next: inner, AEAD: other}), bob, seal.ErrOpen)
			}
			holds(t, s, bob, "b")
		})
	}
}
