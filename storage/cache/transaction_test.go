package cache_test

import (
	"context"
	"database/sql"
	"sync"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz/storage/cache"
	"github.com/waltz-oauth/waltz/token"
)

// held is a storage whose next reader may be made to wait with what it has read.
type held struct {
	token.Storage

	mu   sync.Mutex
	gate *gate
}

func (h *held) hold() *gate {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.gate = &gate{make(chan struct{}), make(chan struct{})}
	return h.gate
}

func (h *held) Get(ctx context.Context, key token.Key) (token.Record, error) {
	r, err := h.Storage.Get(ctx, key)
	h.mu.Lock()
	g := h.gate
	h.gate = nil
	h.mu.Unlock()
	if g != nil {
		close(g.reached)
		<-g.open
	}
	return r, err
}

// Before the commit nobody sees what a transaction of the caller's wrote. After the commit and a Drop nobody
// sees what was there before, though it was read during the transaction and comes to the cache after it.
func TestTransactionIsSeenOnceItIsCommitted(t *testing.T) {
	t.Parallel()
	for name, open1 := range tables() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store, db := open1(t)
			next, backend := &held{Storage: store}, sharedRedis(t)
			process := func() *cache.Storage {
				return open(t, cache.Config{Next: next, Backend: backend, TTL: time.Hour, SharedTTL: time.Minute, Timeout: patience})
			}
			s := process()
			set(t, s, 1)
			for _, end := range []struct {
				do   func(*sql.Tx) error
				want int
			}{{(*sql.Tx).Rollback, 1}, {(*sql.Tx).Commit, 2}} {
				tx, err := db.BeginTx(t.Context(), nil)
				if err != nil {
					t.Fatal(err)
				}
				set(t, store.Tx(tx), 2)
				wants(t, store.Tx(tx), 2)
				s.Drop(t.Context(), alice()) // too early
				slowly(t, next, process(), func() {
					wants(t, s, 1)
					if err := end.do(tx); err != nil {
						t.Error(err)
					}
					s.Drop(t.Context(), alice())
					wants(t, s, end.want)
				})
				wants(t, s, end.want)
				wants(t, process(), end.want)
			}
		})
	}
}
