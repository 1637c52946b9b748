package seal

import (
	"context"

	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// Loader is where a keyset comes from. It is asked again and again, so what it returns may change. Its
// keys are AEAD keys with Tink's prefix, which the templates of Tink's aead package give unless NoPrefix
// is in their names.
type Loader interface {
	Keyset(ctx context.Context) (*keyset.Handle, error)
}

// Fixed returns a [Loader] of a keyset that does not change.
func Fixed(h *keyset.Handle) Loader { return fixed{h} }

type fixed struct{ handle *keyset.Handle }

func (f fixed) Keyset(context.Context) (*keyset.Handle, error) { return f.handle, nil }

// Local returns an AEAD whose methods take a context, and leave it alone, of one whose methods do not.
func Local(a tink.AEAD) tink.AEADWithContext { return local{a} }

type local struct{ aead tink.AEAD }

func (l local) EncryptWithContext(_ context.Context, plain, bound []byte) ([]byte, error) {
	return l.aead.Encrypt(plain, bound)
}

func (l local) DecryptWithContext(_ context.Context, sealed, bound []byte) ([]byte, error) {
	return l.aead.Decrypt(sealed, bound)
}

// source is where a seal gets an AEAD from, for each call anew.
type source interface {
	form() byte
	sealing(ctx context.Context) (tink.AEADWithContext, error)

	// opening returns what may open made, which is all of a sealed token after the form.
	opening(ctx context.Context, made []byte) (tink.AEADWithContext, error)

	// primary returns the id of the key that seals, and 0 where keys have none.
	primary(ctx context.Context) uint32
}

// single is an AEAD of the application's own.
type single struct{ aead tink.AEADWithContext }

func (s single) form() byte                                            { return fromAEAD }
func (s single) sealing(context.Context) (tink.AEADWithContext, error) { return s.aead, nil }
func (s single) primary(context.Context) uint32                        { return 0 }
func (s single) opening(context.Context, []byte) (tink.AEADWithContext, error) {
	return s.aead, nil
}
