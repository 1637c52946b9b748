// Package keyfile keeps the keys of a seal in a file: a Tink keyset in JSON, in the clear or encrypted.
//
//	keys, err := keyfile.New(keyfile.Config{Path: "keys.json"})
//	s, err := seal.New(ctx, seal.Config{Next: store, Keys: keys})
//
// To change the key that seals: [File.Add] a key, and wait a minute until every process has loaded it.
// [File.Promote] it, and wait as long. Let [seal.Storage.Rotate] seal again what the old one sealed, and
// [File.Retire] that.
//
// The file is readable by its owner alone, or it is refused, and so is a symbolic link. It is replaced
// in one step: who reads it sees the old keys or the new.
package keyfile

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"path"
	"sync"

	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"

	"github.com/waltz-oauth/waltz/storage/seal"
)

// Config says which file. At most one of Passphrase and KMS is set; without both the keys are in the
// clear, as a file that Tink's own tool writes may be too.
type Config struct {
	Path string

	// Passphrase encrypts the file (Argon2id, RFC 9106). It has 12 bytes or more.
	Passphrase string

	// KMS encrypts the file, in the form in which Tink's own tool does. It is asked when the file has
	// changed, and not for each token. For one whose methods take no context there is [seal.Local].
	KMS tink.AEADWithContext
}

// File is a keyset in a file. Its methods may be called by many at once.
type File struct {
	path string
	wrap wrapping

	mu   sync.Mutex
	read [sha256.Size]byte // of the file that last was made of, and not the file: a File may be printed
	last *keyset.Handle
}

var _ seal.Loader = (*File)(nil)

// New returns the File that c describes, without a look at it.
func New(c Config) (*File, error) {
	const enough = 12
	f := &File{path: c.Path}
	switch {
	case c.Path == "":
		return nil, errors.New("keyfile: Config needs a Path")
	case c.Passphrase != "" && c.KMS != nil:
		return nil, errors.New("keyfile: Config has both a Passphrase and a KMS")
	case c.KMS != nil:
		f.wrap = managed{c.KMS}
	case c.Passphrase == "":
		f.wrap = open{}
	case len(c.Passphrase) < enough:
		return nil, fmt.Errorf("keyfile: a passphrase has %d bytes or more", enough)
	default:
		f.wrap = passphrase{func() []byte { return []byte(c.Passphrase) }}
	}
	return f, nil
}

// Keyset is [seal.Loader]'s. It decrypts the file only if that has changed since it last did.
func (f *File) Keyset(ctx context.Context) (*keyset.Handle, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	h, err := f.load(ctx)
	if err != nil {
		return nil, fmt.Errorf("keyfile: %s: %w", f.path, err)
	}
	return h, nil
}

// load is called with mu held.
func (f *File) load(ctx context.Context) (*keyset.Handle, error) {
	b, err := readFile(f.path)
	if err != nil {
		return nil, err
	}
	read := sha256.Sum256(b)
	if f.last != nil && read == f.read {
		return f.last, nil
	}
	h, err := f.wrap.decode(ctx, b)
	if err != nil {
		return nil, err
	}
	f.read, f.last = read, h
	return h, nil
}

// Key is what may be shown of a key.
type Key struct {
	ID      uint32
	Kind    string // in Tink's words: "XAesGcmKey"
	Primary bool   // it seals
	Retired bool   // it neither seals nor opens
}

// Keys returns all keys, in the order in which they were added.
func (f *File) Keys(ctx context.Context) ([]Key, error) {
	h, err := f.Keyset(ctx)
	if err != nil {
		return nil, err
	}
	info := h.KeysetInfo()
	all := make([]Key, 0, h.Len())
	for i, k := range info.GetKeyInfo() {
		e, err := h.Entry(i)
		if err != nil {
			return nil, fmt.Errorf("keyfile: %w", err)
		}
		kind := path.Ext(k.GetTypeUrl()) // type.googleapis.com/google.crypto.tink.XAesGcmKey
		all = append(all, Key{e.KeyID(), kind[min(1, len(kind)):], e.IsPrimary(), e.KeyStatus() != keyset.Enabled})
	}
	return all, nil
}
