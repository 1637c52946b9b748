package keyfile

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"

	"github.com/waltz-oauth/waltz/storage/seal"
)

// What a change may be refused for; match with [errors.Is].
var (
	ErrInUse = errors.New("key is in use")
	ErrNoKey = errors.New("no such key")
)

// Create makes the file, with one key that seals, and returns its id. It never replaces a file.
func (f *File) Create(ctx context.Context) (id uint32, err error) {
	err = f.replace(func() ([]byte, error) {
		if _, err := os.Lstat(f.path); !errors.Is(err, fs.ErrNotExist) {
			return nil, errors.Join(err, fs.ErrExist)
		}
		m := keyset.NewManager()
		if id, err = add(m); err != nil {
			return nil, err
		}
		if err := m.SetPrimary(id); err != nil {
			return nil, err
		}
		return f.encode(ctx, m)
	})
	return id, f.failed("create", err)
}

// Add makes a key that opens, and does not seal before [File.Promote], and returns its id.
func (f *File) Add(ctx context.Context) (id uint32, err error) {
	err = f.change(ctx, func(m *keyset.Manager, _ map[uint32]Key) error {
		id, err = add(m)
		return err
	})
	return id, f.failed("add a key", err)
}

// Promote has the key seal from now on. A process that has not yet loaded the key finds it when it
// first meets a token that the key sealed.
func (f *File) Promote(ctx context.Context, id uint32) error {
	err := f.change(ctx, func(m *keyset.Manager, all map[uint32]Key) error {
		if k, ok := all[id]; !ok || k.Retired {
			return fmt.Errorf("%w that could seal", ErrNoKey)
		}
		return m.SetPrimary(id)
	})
	return f.failed(fmt.Sprintf("promote key %d", id), err)
}

// Retire has the key neither seal nor open. It stays in the file for [File.Restore], until [File.Delete].
// It is refused with [ErrInUse] and their number if tokens of stores, which are all that are sealed with
// this file, still need the key; and if it is the one that seals.
func (f *File) Retire(ctx context.Context, id uint32, stores ...*seal.Storage) error {
	err := unused(ctx, id, stores)
	if err == nil {
		err = f.change(ctx, func(m *keyset.Manager, all map[uint32]Key) error {
			switch k, ok := all[id]; {
			case !ok:
				return ErrNoKey
			case k.Primary:
				return fmt.Errorf("%w: it is the one that seals: promote another first", ErrInUse)
			}
			return m.Disable(id)
		})
	}
	return f.failed(fmt.Sprintf("retire key %d", id), err)
}

// Restore has a retired key open again.
func (f *File) Restore(ctx context.Context, id uint32) error {
	err := f.change(ctx, func(m *keyset.Manager, all map[uint32]Key) error {
		if _, ok := all[id]; !ok {
			return ErrNoKey
		}
		return m.Enable(id)
	})
	return f.failed(fmt.Sprintf("restore key %d", id), err)
}

// Delete removes a retired key for good. It is refused as [File.Retire] is: a process that had not
// loaded the keyset for a while may have sealed with the key since.
func (f *File) Delete(ctx context.Context, id uint32, stores ...*seal.Storage) error {
	err := unused(ctx, id, stores)
	if err == nil {
		err = f.change(ctx, func(m *keyset.Manager, all map[uint32]Key) error {
			switch k, ok := all[id]; {
			case !ok:
				return ErrNoKey
			case !k.Retired:
				return fmt.Errorf("%w: retire it first", ErrInUse)
			}
			return m.Delete(id)
		})
	}
	return f.failed(fmt.Sprintf("delete key %d", id), err)
}

// unused returns an error unless no token of stores needs the key.
func unused(ctx context.Context, id uint32, stores []*seal.Storage) error {
	if len(stores) == 0 {
		return errors.New("no storage was given in which to look for tokens that need it")
	}
	tokens := 0
	for _, s := range stores {
		u, err := s.Usage(ctx)
		if err != nil {
			return err
		}
		tokens += u.Keys[id]
	}
	if tokens > 0 {
		return fmt.Errorf("%w: tokens that it sealed: %d", ErrInUse, tokens)
	}
	return nil
}

// add makes a key for XAES-256-GCM, which unlike AES-GCM may seal any number of tokens.
func add(m *keyset.Manager) (uint32, error) {
	return m.Add(aead.XAES256GCM192BitNonceKeyTemplate())
}

// change replaces the file by what edit makes of its keys.
func (f *File) change(ctx context.Context, edit func(m *keyset.Manager, all map[uint32]Key) error) error {
	return f.replace(func() ([]byte, error) {
		keys, err := f.Keys(ctx)
		if err != nil {
			return nil, err
		}
		h, err := f.Keyset(ctx)
		if err != nil {
			return nil, err
		}
		all := make(map[uint32]Key)
		for _, k := range keys {
			all[k.ID] = k
		}
		m := keyset.NewManagerFromHandle(h)
		if err := edit(m, all); err != nil {
			return nil, err
		}
		return f.encode(ctx, m)
	})
}

func (f *File) encode(ctx context.Context, m *keyset.Manager) ([]byte, error) {
	h, err := m.Handle()
	if err != nil {
		return nil, err
	}
	return f.wrap.encode(ctx, h)
}

func (f *File) failed(op string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("keyfile: %s: %s: %w", f.path, op, err)
}
