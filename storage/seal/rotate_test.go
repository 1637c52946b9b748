package seal_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/waltz-oauth/waltz/storage/memstore"
	"github.com/waltz-oauth/waltz/storage/seal"
	"github.com/waltz-oauth/waltz/token"
)

func user(i int) token.Key { return token.Key{Provider: "github", User: name(i)} }

// usage fails the test unless all n tokens of s are sealed with one key.
func usage(t *testing.T, s *seal.Storage, id uint32, n int) {
	t.Helper()
	u, err := s.Usage(t.Context())
	must(t, err)
	if u.Keys[id] != n || len(u.Keys) != 1 || u.Plain != 0 {
		t.Errorf("got %+v, want %d of key %d", u, n, id)
	}
}

func TestRotateSealsWhatOlderKeysSealed(t *testing.T) {
	t.Parallel()
	for engine, open := range engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			inner, keys := open(t), newRing(t, 1)
			s := sealed(t, seal.Config{Next: inner, Keys: keys})
			for i := range 20 {
				put(t, s, user(i), record(name(i)))
			}
			if _, ok := token.As[token.Versioned](inner); !ok {
				if _, err := s.Rotate(t.Context(), nil); !errors.Is(err, errors.ErrUnsupported) {
					t.Errorf("got %v, want errors.ErrUnsupported", err)
				}
				if _, err := s.Usage(t.Context()); !errors.Is(err, errors.ErrUnsupported) {
					t.Errorf("got %v, want errors.ErrUnsupported", err)
				}
				return
			}
			usage(t, s, keys.primary(t), 20)
			keys.promote(t, keys.add(t))
			s = sealed(t, seal.Config{Next: inner, Keys: keys})
			put(t, s, user(7), record(name(7)))

			var told []seal.Report
			r, err := s.Rotate(t.Context(), func(r seal.Report) { told = append(told, r) })
			must(t, err)
			if want := (seal.Report{Total: 20, Seen: 20, Sealed: 19}); r != want || len(told) != 21 || told[20] != want || told[0] != (seal.Report{Total: 20}) {
				t.Errorf("got %+v, told %+v", r, told)
			}
			usage(t, s, keys.primary(t), 20)
			for i := range 20 {
				holds(t, s, user(i), name(i))
			}
			r, err = s.Rotate(t.Context(), nil)
			must(t, err)
			if r.Sealed != 0 {
				t.Errorf("a second time: got %+v", r)
			}
		})
	}
}

func TestRotateChangesNothingElse(t *testing.T) {
	t.Parallel()
	inner, keys := memstore.New(), newRing(t, 1)
	s := sealed(t, seal.Config{Next: inner, Keys: keys})
	r := record("a")
	r.Generation, r.Subject, r.State, r.Reason, r.Lease.Attempt = 3, "subject", token.InDoubt, "timeout", "attempt"
	put(t, s, alice, r)
	before := get(t, inner, alice)
	keys.promote(t, keys.add(t))
	s = sealed(t, seal.Config{Next: inner, Keys: keys})
	_, err := s.Rotate(t.Context(), nil)
	must(t, err)
	after := get(t, inner, alice)
	if before.Version == after.Version {
		t.Error("nothing was written")
	}
	before.Token, after.Token, before.Version, after.Version = nil, nil, "", ""
	if before != after {
		t.Errorf("got %+v, want %+v", after, before)
	}
	holds(t, s, alice, "a")
}

func TestRotateGoesOnWhereItWasStopped(t *testing.T) {
	t.Parallel()
	for _, engine := range []string{"memory", "SQLite"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			inner, keys := engines[engine](t), newRing(t, 1)
			s := sealed(t, seal.Config{Next: inner, Keys: keys})
			for i := range 40 {
				put(t, s, user(i), record(name(i)))
			}
			keys.promote(t, keys.add(t))
			s = sealed(t, seal.Config{Next: inner, Keys: keys})
			ctx, stop := context.WithCancel(t.Context())
			first, err := s.Rotate(ctx, func(r seal.Report) {
				if r.Seen == 17 {
					stop()
				}
			})
			if !errors.Is(err, context.Canceled) || first.Sealed != 17 {
				t.Errorf("got %+v, %v", first, err)
			}
			second, err := s.Rotate(t.Context(), nil)
			must(t, err)
			if second.Sealed != 40-17 || second.Seen != 40 {
				t.Errorf("got %+v", second)
			}
			usage(t, s, keys.primary(t), 40)
		})
	}
}

// meddler writes before a Swap does.
type meddler struct {
	*memstore.Storage
	before func()
}

func (m *meddler) Swap(ctx context.Context, key token.Key, old token.Version, r token.Record) (token.Version, error) {
	if before := m.before; before != nil {
		m.before = nil
		before()
	}
	return m.Storage.Swap(ctx, key, old, r)
}

func TestRotateLosesNoWrite(t *testing.T) {
	t.Parallel()
	for name, meddle := range map[string]func(t *testing.T, old *seal.Storage){
		"refreshed": func(t *testing.T, old *seal.Storage) { put(t, old, alice, record("b")) },
		"deleted":   func(t *testing.T, old *seal.Storage) { must(t, old.Delete(t.Context(), alice)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inner, keys := &meddler{Storage: memstore.New()}, newRing(t, 1)
			old := sealed(t, seal.Config{Next: inner, Keys: keys})
			put(t, old, alice, record("a"))
			keys.promote(t, keys.add(t))
			s := sealed(t, seal.Config{Next: inner, Keys: keys})
			inner.before = func() { meddle(t, old) }
			r, err := s.Rotate(t.Context(), nil)
			must(t, err)
			if name == "deleted" {
				if _, err := s.Get(t.Context(), alice); !errors.Is(err, token.ErrNotFound) || r.Sealed != 0 {
					t.Errorf("got %+v, %v", r, err)
				}
				return
			}
			holds(t, s, alice, "b")
			usage(t, s, keys.primary(t), 1)
		})
	}
}

func TestRotateLeavesWhatDoesNotOpen(t *testing.T) {
	t.Parallel()
	inner, keys := memstore.New(), newRing(t, 1)
	put(t, inner, user(1), record(name(1)))
	put(t, sealed(t, seal.Config{Next: inner, Keys: newRing(t, 1)}), user(2), record(name(2)))
	put(t, sealed(t, seal.Config{Next: inner, Keys: keys}), user(3), record(name(3)))
	keys.promote(t, keys.add(t))
	s := sealed(t, seal.Config{Next: inner, Keys: keys})
	theirs := get(t, inner, user(2))

	r, err := s.Rotate(t.Context(), nil)
	var e *token.Error
	if !errors.Is(err, seal.ErrPlain) || !errors.As(err, &e) || e.Key != user(1) {
		t.Errorf("got %v", err)
	}
	if want := (seal.Report{Total: 3, Seen: 3, Sealed: 1, Failed: 2}); r != want {
		t.Errorf("got %+v, want %+v", r, want)
	}
	if after := get(t, inner, user(2)); after.Version != theirs.Version {
		t.Error("what does not open was written over")
	}

	u, err := s.Usage(t.Context())
	must(t, err)
	if id, _ := seal.KeyID(theirs); u.Plain != 1 || u.Keys[id] != 1 || u.Keys[keys.primary(t)] != 1 {
		t.Errorf("got %+v", u)
	}

	r, err = sealed(t, seal.Config{Next: inner, Keys: keys, AcceptPlain: true}).Rotate(t.Context(), nil)
	if !errors.Is(err, seal.ErrOpen) || r.Sealed != 1 || r.Failed != 1 {
		t.Errorf("with AcceptPlain: got %+v, %v", r, err)
	}
	holds(t, s, user(1), name(1))
}

// An AEAD without key ids has nothing to rotate but what is plain.
func TestRotateToAnAEAD(t *testing.T) {
	t.Parallel()
	inner := memstore.New()
	s := sealed(t, seal.Config{Next: inner, AEAD: raw(t), AcceptPlain: true})
	put(t, s, user(1), record(name(1)))
	put(t, inner, user(2), record(name(2)))
	r, err := s.Rotate(t.Context(), nil)
	must(t, err)
	if r.Sealed != 1 {
		t.Errorf("got %+v", r)
	}
	usage(t, s, 0, 2)
}

// Readers, writers who count up, and processes that have not heard of the new key.
func TestRotateWhileTheApplicationRuns(t *testing.T) {
	t.Parallel()
	for engine, rows := range map[string]int{"memory": 300, "SQLite": 60} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			inner, keys := engines[engine](t), newRing(t, 1)
			stale := sealed(t, seal.Config{Next: inner, Keys: keys})
			for i := range rows {
				put(t, stale, user(i), record(name(i)))
			}
			keys.promote(t, keys.add(t))
			s := sealed(t, seal.Config{Next: inner, Keys: keys})

			var stopped atomic.Bool
			var wait sync.WaitGroup
			for range 4 {
				wait.Go(func() {
					for i := 0; !stopped.Load(); i = (i + 1) % rows {
						for _, s := range []*seal.Storage{s, stale} {
							if _, err := s.Get(t.Context(), user(i)); err != nil {
								t.Error(err)
								return
							}
						}
					}
				})
			}
			var mu sync.Mutex
			written := make(map[int]uint64)
			for w := range 2 {
				wait.Go(func() {
					for i := w; !stopped.Load(); i = (i + 7) % rows {
						if err := increment(t.Context(), []*seal.Storage{s, stale}[w], user(i)); err != nil {
							t.Error(err)
							return
						}
						mu.Lock()
						written[i]++
						mu.Unlock()
					}
				})
			}
			r, err := s.Rotate(t.Context(), nil)
			stopped.Store(true)
			wait.Wait()
			must(t, err)
			if r.Seen != rows || r.Failed != 0 {
				t.Errorf("got %+v", r)
			}
			for i := range rows {
				if got := get(t, s, user(i)).Generation; got != written[i] {
					t.Errorf("%s is at generation %d, want %d", user(i), got, written[i])
				}
			}
			_, err = s.Rotate(t.Context(), nil) // what the stale one sealed since
			must(t, err)
			usage(t, s, keys.primary(t), rows)
		})
	}
}

// increment is a refresh.
func increment(ctx context.Context, s *seal.Storage, key token.Key) error {
	for {
		r, err := s.Load(ctx, key)
		if err != nil {
			return err
		}
		r.Generation++
		if _, err = s.Swap(ctx, key, r.Version, r); !errors.Is(err, token.ErrConflict) {
			return err
		}
	}
}
