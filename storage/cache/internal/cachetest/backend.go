// Package cachetest says whether a backend or a bus keeps its promises.
package cachetest

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz/storage/cache"
)

// Backend checks each promise of a [cache.Backend], which may hold other keys.
func Backend(t *testing.T, b cache.Backend) {
	const ttl = time.Hour
	miss := func(t *testing.T, key string) cache.Lease {
		t.Helper()
		value, lease, err := b.Get(t.Context(), key)
		if err != nil || value != nil || lease == "" {
			t.Fatalf("got a value of %d bytes, lease %q and error %v, want a lease alone", len(value), lease, err)
		}
		return lease
	}
	fill := func(t *testing.T, key string, lease cache.Lease, value []byte, ttl time.Duration, want bool) {
		t.Helper()
		if filled, err := b.Fill(t.Context(), key, lease, value, ttl); err != nil || filled != want {
			t.Fatalf("filled: %t, %v, want %t", filled, err, want)
		}
	}
	has := func(t *testing.T, key string, want []byte) {
		t.Helper()
		value, lease, err := b.Get(t.Context(), key)
		if err != nil || !bytes.Equal(value, want) || lease != "" {
			t.Fatalf("got a value of %d bytes, lease %q and error %v, want one of %d bytes alone", len(value), lease, err, len(want))
		}
	}
	drop := func(t *testing.T, key string) {
		t.Helper()
		if err := b.Drop(t.Context(), key); err != nil {
			t.Fatal(err)
		}
	}
	newKey := func(t *testing.T) string {
		key := strings.Repeat("k", 17) + rand.Text()
		t.Cleanup(func() { _ = b.Drop(context.WithoutCancel(t.Context()), key) })
		return key
	}
	value := []byte("r\x00\r\n\xff value")

	t.Run("a value is kept under a lease, and given back exactly", func(t *testing.T) {
		key := newKey(t)
		fill(t, key, miss(t, key), value, ttl, true)
		has(t, key, value)
	})
	t.Run("a drop removes the value, and absent is no error", func(t *testing.T) {
		key := newKey(t)
		drop(t, key)
		fill(t, key, miss(t, key), value, ttl, true)
		drop(t, key)
		miss(t, key)
	})
	t.Run("a drop ends every lease on its key", func(t *testing.T) {
		key := newKey(t)
		first := miss(t, key)
		drop(t, key)
		fill(t, key, first, value, ttl, false)
		second := miss(t, key) // the key is there again, and not as it was
		fill(t, key, first, value, ttl, false)
		fill(t, key, second, value, ttl, true)
		fill(t, key, first, []byte("old"), ttl, false)
		has(t, key, value)
	})
	t.Run("all who miss may fill, and one does", func(t *testing.T) {
		key := newKey(t)
		a, b := miss(t, key), miss(t, key)
		fill(t, key, b, value, ttl, true)
		fill(t, key, a, []byte("late"), ttl, false)
		has(t, key, value)
	})
	t.Run("keys are apart", func(t *testing.T) {
		one, other := newKey(t), newKey(t)
		lease := miss(t, one)
		miss(t, other)
		drop(t, other)
		fill(t, one, lease, value, ttl, true)
		has(t, one, value)
		miss(t, other)
	})
	t.Run("a value lapses", func(t *testing.T) {
		key := newKey(t)
		fill(t, key, miss(t, key), value, time.Second, true)
		for range 200 {
			got, _, err := b.Get(t.Context(), key)
			if err != nil {
				t.Fatal(err)
			}
			if got == nil {
				return
			}
			time.Sleep(50 * time.Millisecond)
		}
		t.Error("after ten seconds it is still there")
	})
	t.Run("a large value is kept or left out", func(t *testing.T) {
		key := newKey(t)
		large := bytes.Repeat([]byte("x"), 3<<20)
		if _, err := b.Fill(t.Context(), key, miss(t, key), large, ttl); err != nil {
			t.Fatal(err)
		}
		if got, _, err := b.Get(t.Context(), key); err != nil || got != nil && !bytes.Equal(got, large) {
			t.Errorf("got %d bytes, %v", len(got), err)
		}
	})
	t.Run("a call whose context is done returns its error", func(t *testing.T) {
		key := newKey(t)
		lease := miss(t, key)
		done, cancel := context.WithCancel(t.Context())
		cancel()
		_, _, get := b.Get(done, key)
		_, fill := b.Fill(done, key, lease, value, ttl)
		for name, err := range map[string]error{"Get": get, "Fill": fill, "Drop": b.Drop(done, key)} {
			if !errors.Is(err, context.Canceled) {
				t.Errorf("%s: got %v", name, err)
			}
		}
	})
	// Each round a writer moves on and drops; readers fill with what was current when they had their
	// lease. After a drop nobody may find what was current before it.
	t.Run("no slow reader puts an old value back", func(t *testing.T) {
		key := newKey(t)
		var current sync.Map // its one value is what a storage would have
		current.Store(key, byte(0))
		read := func() byte {
			v, lease, err := b.Get(t.Context(), key)
			if err != nil {
				t.Error(err)
			}
			if v != nil {
				return v[0]
			}
			now, _ := current.Load(key)
			if lease != "" {
				if _, err := b.Fill(t.Context(), key, lease, []byte{now.(byte)}, ttl); err != nil {
					t.Error(err)
				}
			}
			return now.(byte)
		}
		stop := make(chan struct{})
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
						read()
					}
				}
			})
		}
		for round := range byte(100) {
			current.Store(key, round)
			drop(t, key)
			if got := read(); got != round {
				t.Errorf("round %d: found %d", round, got)
				break
			}
		}
		close(stop)
		wg.Wait()
	})
}
