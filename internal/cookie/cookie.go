// Package cookie seals values into cookies and opens them again, and says what a cookie that holds
// a secret looks like.
package cookie

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
)

// Codec seals and opens with keys derived from secrets. It is safe for concurrent use.
type Codec struct {
	keys  []key  // newest first
	bound []byte // what is in the associated data of all that this codec seals
}

type key struct {
	id   [idSize]byte
	aead cipher.AEAD
}

// A sealed value is one byte of version, the id of the key, and what AES-256-GCM with a random
// nonce made: nonce, ciphertext, tag. As text it is base64url without padding (RFC 4648 section 5).
const (
	version    = 1
	idSize     = 3
	headerSize = 1 + idSize
	keySize    = 32
	minSecret  = 32
)

// Strict, so that there is one text for one sealed value.
var encoding = base64.RawURLEncoding.Strict() //nolint:gochecknoglobals // a constant, which Go cannot write as one

// New derives a key from each secret (HKDF, RFC 5869): the first seals, and all open. Codecs of
// different purposes open nothing of each other. A secret has at least 32 bytes, as random as
// those of a key.
func New(purpose string, secrets []string) (*Codec, error) {
	const howTo = "make one with: openssl rand -base64 32"
	if len(secrets) == 0 {
		return nil, errors.New("no secret to seal cookies with: " + howTo)
	}
	c := &Codec{bound: binary.AppendUvarint([]byte{version}, uint64(len(purpose)))}
	c.bound = append(c.bound, purpose...)
	for i, secret := range secrets {
		if len(secret) < minSecret {
			return nil, fmt.Errorf("secret %d of %d has %d bytes, fewer than %d: %s", i+1, len(secrets), len(secret), minSecret, howTo)
		}
		k, err := derive(purpose, secret)
		if err != nil {
			return nil, err
		}
		c.keys = append(c.keys, k)
	}
	return c, nil
}

func derive(purpose, secret string) (k key, err error) {
	derived, err := hkdf.Key(sha256.New, []byte(secret), nil, "waltz cookie: "+purpose, keySize+idSize)
	if err != nil {
		return k, err
	}
	copy(k.id[:], derived[keySize:])
	block, err := aes.NewCipher(derived[:keySize])
	if err != nil {
		return k, err
	}
	// One key may seal 2^32 messages under random nonces (NIST SP 800-38D section 8.3). Cookies are
	// sealed at a login and at a refresh: a hundred a second, day and night, take sixteen months
	// to get there, and a new secret starts again from none.
	k.aead, err = cipher.NewGCMWithRandomNonce(block)
	return k, err
}

// Seal returns value, encrypted with the newest key and bound to name, as text that a cookie can
// hold. The name is that of the cookie, with whatever else the value must not be moved away from.
func (c *Codec) Seal(name string, value []byte) string {
	k := c.keys[0]
	sealed := make([]byte, 0, headerSize+k.aead.Overhead()+len(value))
	sealed = append(sealed, version)
	sealed = append(sealed, k.id[:]...)
	sealed = k.aead.Seal(sealed, nil, value, c.associated(name)) //nolint:gosec // nil: the nonce is random, and the AEAD makes it
	return encoding.EncodeToString(sealed)
}

// Open returns what Seal was given, or false for whatever Seal did not make for this purpose,
// under this name, with one of the secrets.
func (c *Codec) Open(name, text string) ([]byte, bool) {
	sealed, err := encoding.DecodeString(text)
	if err != nil || len(sealed) < headerSize || sealed[0] != version {
		return nil, false
	}
	if encoding.EncodedLen(len(sealed)) != len(text) {
		return nil, false // line breaks, which base64 decoders skip
	}
	for _, k := range c.keys {
		if k.id != [idSize]byte(sealed[1:headerSize]) {
			continue
		}
		if value, err := k.aead.Open(nil, nil, sealed[headerSize:], c.associated(name)); err == nil {
			return value, true
		}
	}
	return nil, false
}

// associated returns version, purpose and name, of which no two differ only in where one ends.
func (c *Codec) associated(name string) []byte {
	return append(c.bound[:len(c.bound):len(c.bound)], name...)
}
