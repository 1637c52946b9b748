package seal

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"
)

const (
	reloadAfter = time.Minute

	// Anybody who can write to the storage can have keys looked for that never were. So a key that was
	// not found is not looked for again until reloadAfter, and no more than maxMissing are.
	maxMissing = 16
)

// keyring is a keyset that is loaded again as the comment of the package says.
type keyring struct {
	loader Loader
	logger *slog.Logger
	now    atomic.Pointer[keys]
	due    atomic.Int64 // when to load again, in Unix nanoseconds

	loading chan struct{}   // holds one value while somebody loads
	missing map[uint32]bool // keys that were looked for in vain since the keyset was last due; guarded by loading
}

// keys are those of a keyset that was loaded.
type keys struct {
	aead    tink.AEADWithContext // finds the key by its id, however many there are
	ids     map[uint32]bool
	primary uint32
}

func newKeyring(ctx context.Context, l Loader, logger *slog.Logger) (*keyring, error) {
	k := &keyring{loader: l, logger: logger, loading: make(chan struct{}, 1)}
	if err := k.load(ctx); err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	k.wait()
	return k, nil
}

func (k *keyring) form() byte { return fromKeyset }

func (k *keyring) sealing(ctx context.Context) (tink.AEADWithContext, error) {
	return k.current(ctx).aead, nil
}

func (k *keyring) primary(ctx context.Context) uint32 { return k.current(ctx).primary }

func (k *keyring) opening(ctx context.Context, made []byte) (tink.AEADWithContext, error) {
	id := idOf(made)
	now := k.current(ctx)
	if !now.ids[id] {
		var err error
		if now, err = k.find(ctx, id); err != nil {
			return nil, err
		}
	}
	return now.aead, nil
}

// current returns the keys, loaded again if it is time. One caller loads while others go on with
// what there is; so do all where the keyset cannot be loaded.
func (k *keyring) current(ctx context.Context) *keys {
	if time.Now().UnixNano() < k.due.Load() {
		return k.now.Load()
	}
	select {
	case k.loading <- struct{}{}:
		defer func() { <-k.loading }()
	default:
		return k.now.Load()
	}
	err := k.load(ctx)
	if err != nil && ctx.Err() != nil {
		return k.now.Load() // the next caller may have more time
	}
	if err != nil {
		k.logger.WarnContext(ctx, "keyset not loaded again: going on with what was loaded before", slog.Any("error", err))
	}
	k.wait()
	return k.now.Load()
}

// find returns keys among which id is.
func (k *keyring) find(ctx context.Context, id uint32) (*keys, error) {
	select {
	case k.loading <- struct{}{}:
		defer func() { <-k.loading }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	now := k.now.Load()
	if !now.ids[id] && !k.missing[id] && len(k.missing) < maxMissing {
		if err := k.load(ctx); err != nil {
			return nil, fmt.Errorf("key %d is looked for, and the keyset not loaded: %w", id, err)
		}
		if now = k.now.Load(); !now.ids[id] {
			k.missing[id] = true
		}
	}
	if !now.ids[id] {
		return nil, fmt.Errorf("%w: its key, %d, is not in the keyset", ErrOpen, id)
	}
	return now, nil
}

// load is called by whoever holds loading.
func (k *keyring) load(ctx context.Context) error {
	h, err := k.loader.Keyset(ctx)
	if err != nil {
		return err
	}
	loaded, err := keysOf(h)
	if err != nil {
		return err
	}
	k.now.Store(loaded)
	return nil
}

// wait puts off the next loading.
func (k *keyring) wait() {
	k.missing = make(map[uint32]bool)
	k.due.Store(time.Now().Add(reloadAfter).UnixNano())
}

func keysOf(h *keyset.Handle) (*keys, error) {
	if h == nil {
		return nil, errors.New("no keyset")
	}
	k := &keys{ids: make(map[uint32]bool)}
	for i := range h.Len() {
		e, err := h.Entry(i)
		if err != nil {
			return nil, err
		}
		if e.KeyStatus() != keyset.Enabled {
			continue
		}
		if _, prefixed := e.Key().IDRequirement(); !prefixed {
			return nil, fmt.Errorf("key %d of the keyset puts no id before what it seals: make one with Tink's prefix", e.KeyID())
		}
		k.ids[e.KeyID()] = true
		if e.IsPrimary() {
			k.primary = e.KeyID()
		}
	}
	a, err := aead.New(h)
	if err != nil {
		return nil, err
	}
	k.aead = Local(a)
	return k, nil
}
