package keyfile

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/tink-crypto/tink-go/v2/aead/subtle"
	"github.com/tink-crypto/tink-go/v2/core/registry"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"
	"golang.org/x/crypto/argon2"

	"github.com/waltz-oauth/waltz/storage/seal"
)

// wrapping is how a keyset is written down.
type wrapping interface {
	encode(context.Context, *keyset.Handle) ([]byte, error)
	decode(context.Context, []byte) (*keyset.Handle, error)
}

// contents are the members by which the forms of a file are told apart.
type contents struct {
	Clear      json.RawMessage `json:"key,omitempty"`              // Tink's own, in the clear
	Encrypted  string          `json:"encryptedKeyset,omitempty"`  // Tink's own, encrypted
	Passphrase *locked         `json:"passphraseKeyset,omitempty"` // ours
}

// look returns the members of b. No error of a decoder is passed on: it could quote the file.
func look(b []byte) (contents, error) {
	var c contents
	if json.Unmarshal(b, &c) != nil || c.Clear == nil && c.Encrypted == "" && c.Passphrase == nil {
		return c, errors.New("no keyset is in it")
	}
	return c, nil
}

var errKeyset = errors.New("the keyset in it cannot be read")

// open is a keyset in the clear.
type open struct{}

func (open) encode(_ context.Context, h *keyset.Handle) ([]byte, error) {
	var b bytes.Buffer
	err := insecurecleartextkeyset.Write(h, keyset.NewJSONWriter(&b))
	return b.Bytes(), err
}

func (open) decode(_ context.Context, b []byte) (*keyset.Handle, error) {
	c, err := look(b)
	if err != nil {
		return nil, err
	}
	if c.Clear == nil {
		return nil, errors.New("it is encrypted, and neither a passphrase nor a KMS was given")
	}
	h, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(b)))
	if err != nil {
		return nil, errKeyset
	}
	return h, nil
}

// managed is a keyset that a key management service encrypts.
type managed struct{ kms tink.AEADWithContext }

func (m managed) encode(ctx context.Context, h *keyset.Handle) ([]byte, error) {
	var b bytes.Buffer
	if err := h.WriteWithContext(ctx, keyset.NewJSONWriter(&b), m.kms, nil); err != nil {
		return nil, fmt.Errorf("the KMS does not encrypt: %w", err)
	}
	return b.Bytes(), nil
}

func (m managed) decode(ctx context.Context, b []byte) (*keyset.Handle, error) {
	c, err := look(b)
	if err != nil {
		return nil, err
	}
	if c.Encrypted == "" {
		return nil, errors.New("it is not encrypted by a KMS, and one was given")
	}
	h, err := keyset.ReadWithContext(ctx, keyset.NewJSONReader(bytes.NewReader(b)), m.kms, nil)
	if err != nil {
		return nil, fmt.Errorf("the KMS does not decrypt it: %w", err)
	}
	return h, nil
}

// KMS returns what encrypts with the key that uri names, such as "aws-kms://arn:…", for [Config.KMS]. The
// program must have registered a client for it with Tink's registry (registry.RegisterKMSClient).
func KMS(uri string) (tink.AEADWithContext, error) {
	client, err := registry.GetKMSClient(uri)
	if err != nil {
		return nil, fmt.Errorf("keyfile: no client for %q is part of this program: register one with Tink's registry", uri)
	}
	a, err := client.GetAEAD(uri)
	if err != nil {
		return nil, fmt.Errorf("keyfile: the key %q: %w", uri, err)
	}
	return seal.Local(a), nil
}

// passphrase is a keyset that a key derived from a passphrase encrypts. It is a function so that
// nothing that prints a File prints it.
type passphrase struct{ get func() []byte }

type locked struct {
	KDF    string          `json:"kdf"`
	Salt   []byte          `json:"salt"`
	Keyset json.RawMessage `json:"keyset"`
}

// The second recommended option of RFC 9106 section 4, for when memory is not plenty.
const (
	kdf       = "argon2id v=19 t=3 m=65536 p=4"
	kdfTime   = 3
	kdfMemory = 64 << 10 // KiB
	kdfLanes  = 4
	saltSize  = 16
	keySize   = 32
)

// cipher returns the AEAD for a salt, which is new with each file.
func (p passphrase) cipher(salt []byte) (tink.AEADWithContext, error) {
	a, err := subtle.NewAESGCM(argon2.IDKey(p.get(), salt, kdfTime, kdfMemory, kdfLanes, keySize))
	if err != nil {
		return nil, err
	}
	return seal.Local(a), nil
}

func (p passphrase) encode(ctx context.Context, h *keyset.Handle) ([]byte, error) {
	salt := make([]byte, saltSize)
	_, _ = rand.Read(salt) // which never fails
	a, err := p.cipher(salt)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := h.WriteWithContext(ctx, keyset.NewJSONWriter(&b), a, []byte(kdf)); err != nil {
		return nil, err
	}
	return json.Marshal(contents{Passphrase: &locked{kdf, salt, b.Bytes()}})
}

func (p passphrase) decode(ctx context.Context, b []byte) (*keyset.Handle, error) {
	c, err := look(b)
	switch {
	case err != nil:
		return nil, err
	case c.Passphrase == nil:
		return nil, errors.New("it is not encrypted by a passphrase, and one was given")
	case c.Passphrase.KDF != kdf || len(c.Passphrase.Salt) != saltSize:
		return nil, errKeyset
	}
	a, err := p.cipher(c.Passphrase.Salt)
	if err != nil {
		return nil, err
	}
	h, err := keyset.ReadWithContext(ctx, keyset.NewJSONReader(bytes.NewReader(c.Passphrase.Keyset)), a, []byte(kdf))
	if err != nil {
		return nil, errors.New("the passphrase does not open it")
	}
	return h, nil
}
