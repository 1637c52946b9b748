package keeper

import (
	"context"
	"sync"
	"time"

	"github.com/waltz-oauth/waltz/token"
)

// bells wake those who wait for a record to change, while [Keeper.Run] hears of changes from the
// storage. Nobody relies on them: a change may be missed, so whoever waits looks again in time.
type bells struct {
	mu    sync.Mutex
	byKey map[token.Key]*bell
}

type bell struct {
	rung    chan struct{} // closed when it rings
	waiting int
}

func newBells() *bells { return &bells{byKey: make(map[token.Key]*bell)} }

// wait waits for d, or until the bell of key rings, and reports whether ctx is still going on.
func (b *bells) wait(ctx context.Context, key token.Key, d time.Duration) bool {
	own := b.enter(key)
	defer b.leave(key, own)
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-own.rung:
		return true
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func (b *bells) enter(key token.Key) *bell {
	b.mu.Lock()
	defer b.mu.Unlock()
	own := b.byKey[key]
	if own == nil {
		own = &bell{rung: make(chan struct{})}
		b.byKey[key] = own
	}
	own.waiting++
	return own
}

func (b *bells) leave(key token.Key, own *bell) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if own.waiting--; own.waiting == 0 && b.byKey[key] == own {
		delete(b.byKey, key)
	}
}

// ring wakes those who wait for key; for any key where it is the zero Key.
func (b *bells) ring(key token.Key) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if key == (token.Key{}) {
		for _, own := range b.byKey {
			close(own.rung)
		}
		clear(b.byKey)
		return
	}
	if own := b.byKey[key]; own != nil {
		close(own.rung)
		delete(b.byKey, key)
	}
}
