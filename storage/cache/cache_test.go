package cache_test

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/waltz-oauth/waltz/storage/cache"
	"github.com/waltz-oauth/waltz/storage/filestore"
	"github.com/waltz-oauth/waltz/storage/memstore"
	"github.com/waltz-oauth/waltz/storage/sqlstore/sqlite"
	"github.com/waltz-oauth/waltz/storage/storagetest"
	"github.com/waltz-oauth/waltz/token"
)

func storages() map[string]func(*testing.T) token.Storage {
	return map[string]func(*testing.T) token.Storage{
		"memory": func(*testing.T) token.Storage { return memstore.New() },
		"plain":  func(*testing.T) token.Storage { return newPlain() },
		"file": func(t *testing.T) token.Storage {
			s, err := filestore.New(filepath.Join(t.TempDir(), "tokens"))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = s.Close() })
			return s
		},
		"sqlite": func(t *testing.T) token.Storage {
			s, err := sqlite.Open(filepath.Join(t.TempDir(), "tokens.db"))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = s.Close() })
			return s
		},
	}
}

func TestStorageKeepsItsPromises(t *testing.T) {
	t.Parallel()
	for name, next := range storages() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			storagetest.Run(t, func(t *testing.T) token.Storage { return open(t, cache.Config{Next: next(t)}) })
		})
	}
}

func TestStorageKeepsItsPromisesWithABackend(t *testing.T) {
	t.Parallel()
	for name, b := range backends() {
		server := b.start(t)
		for next, open1 := range storages() {
			t.Run(name+" over "+next, func(t *testing.T) {
				t.Parallel()
				storagetest.Run(t, func(t *testing.T) token.Storage {
					return open(t, cache.Config{Next: open1(t), Backend: b.open(t, server.Addr), Timeout: patience, Logger: slog.New(slog.DiscardHandler)})
				})
			})
		}
	}
}

func TestCapabilitiesAreThoseOfWhatIsCached(t *testing.T) {
	t.Parallel()
	over := open(t, cache.Config{Next: memstore.New()})
	twice := open(t, cache.Config{Next: over})
	under := open(t, cache.Config{Next: newPlain()})
	for name, test := range map[string]struct {
		s                      token.Storage
		versioned, list, watch bool
	}{
		"over memory":  {over, true, true, false},
		"over a cache": {twice, true, true, false},
		"over plain":   {under, false, false, false},
	} {
		_, v := token.As[token.Versioned](test.s)
		_, l := token.As[token.Lister](test.s)
		_, w := token.As[token.Watcher](test.s)
		if v != test.versioned || l != test.list || w != test.watch {
			t.Errorf("%s: versioned %t, lists %t, watches %t", name, v, l, w)
		}
	}
}

// request is a storage of one browser's.
type request struct{ *plain }

func (request) Reach() token.Reach { return token.Request }

func TestWhatCannotBeCachedIsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]cache.Config{
		"nothing":           {},
		"a browser's":       {Next: request{newPlain()}},
		"negative size":     {Next: newPlain(), Size: -1},
		"negative duration": {Next: newPlain(), SharedTTL: -1},
	} {
		if _, err := cache.New(c); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

func TestTokenIsReadOnceUntilItsTimeIsUp(t *testing.T) {
	t.Parallel()
	for _, runs := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			p := newPlain()
			s := open(t, cache.Config{Next: p})
			if runs {
				go s.Run(t.Context())
				synctest.Wait()
			}
			set(t, s, 1)
			for range 3 {
				wants(t, s, 1)
			}
			if got := p.count(); got != 1 {
				t.Errorf("it was read %d times", got)
			}
			set(t, p, 2) // round the cache
			time.Sleep(time.Minute - time.Second)
			wants(t, s, 1)
			time.Sleep(2 * time.Second)
			wants(t, s, 2)
		})
	}
}

func TestAbsenceIsRememberedForAShortTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPlain()
		s := open(t, cache.Config{Next: p})
		for range 3 {
			wants(t, s, 0)
		}
		if got := p.count(); got != 1 {
			t.Errorf("it was looked for %d times", got)
		}
		set(t, p, 1) // round the cache
		wants(t, s, 0)
		time.Sleep(3 * time.Second)
		wants(t, s, 1)
	})
}

func TestWritesAreSeenAtOnce(t *testing.T) {
	t.Parallel()
	s := open(t, cache.Config{Next: memstore.New()})
	wants(t, s, 0)
	set(t, s, 1)
	wants(t, s, 1)
	set(t, s, 2)
	wants(t, s, 2)
	r, err := s.Load(t.Context(), alice())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Swap(t.Context(), alice(), r.Version, record(3)); err != nil {
		t.Fatal(err)
	}
	wants(t, s, 3)
	if err := s.Delete(t.Context(), alice()); err != nil {
		t.Fatal(err)
	}
	wants(t, s, 0)
}

// A write that fails may have happened.
type unsure struct{ *plain }

var errUnsure = errors.New("no answer")

func (u unsure) Set(ctx context.Context, key token.Key, r token.Record) error {
	return errors.Join(u.plain.Set(ctx, key, r), errUnsure)
}

func TestWriteThatFailedIsLookedFor(t *testing.T) {
	t.Parallel()
	p := newPlain()
	s := open(t, cache.Config{Next: unsure{p}})
	set(t, p, 1)
	wants(t, s, 1)
	if err := s.Set(t.Context(), alice(), record(2)); !errors.Is(err, errUnsure) {
		t.Fatal(err)
	}
	wants(t, s, 2)
}

func TestErrorsAreNotCached(t *testing.T) {
	t.Parallel()
	p := newPlain()
	s := open(t, cache.Config{Next: p})
	set(t, p, 1)
	p.fail(errUnsure)
	if _, err := s.Get(t.Context(), alice()); !errors.Is(err, errUnsure) {
		t.Errorf("got %v", err)
	}
	p.fail(nil)
	wants(t, s, 1)
}

func TestDropForgetsWhatWasWrittenAroundTheCache(t *testing.T) {
	t.Parallel()
	p := newPlain()
	s := open(t, cache.Config{Next: p})
	set(t, s, 1)
	wants(t, s, 1)
	set(t, p, 2)
	wants(t, s, 1)
	s.Drop(t.Context(), alice())
	wants(t, s, 2)
}

func TestLoadGoesPastTheCacheAndShowsItThatItIsOld(t *testing.T) {
	t.Parallel()
	m := memstore.New()
	s := open(t, cache.Config{Next: m})
	set(t, s, 1)
	wants(t, s, 1)
	set(t, m, 2)
	if r, err := s.Load(t.Context(), alice()); err != nil || number(t, r) != 2 {
		t.Errorf("got %v, %v", r, err)
	}
	wants(t, s, 2)
	if err := m.Delete(t.Context(), alice()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Load(t.Context(), alice()); !errors.Is(err, token.ErrNotFound) {
		t.Errorf("got %v", err)
	}
	wants(t, s, 0)
	set(t, m, 3)
	if _, err := s.Load(t.Context(), alice()); err != nil {
		t.Error(err)
	}
	wants(t, s, 3)
}
