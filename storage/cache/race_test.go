package cache_test

import (
	"testing"
	"time"

	"github.com/waltz-oauth/waltz/storage/cache"
	"github.com/waltz-oauth/waltz/token"
)

// changes are what a writer may do while a reader who has read the old token, 1, is slow; what is
// stored after it; and the drop of a writer who went round the cache.
func changes(p *plain) map[string]struct {
	write func(t *testing.T, s *cache.Storage)
	want  int
} {
	return map[string]struct {
		write func(t *testing.T, s *cache.Storage)
		want  int
	}{
		"set": {func(t *testing.T, s *cache.Storage) { set(t, s, 2) }, 2},
		"delete": {func(t *testing.T, s *cache.Storage) {
			if err := s.Delete(t.Context(), alice()); err != nil {
				t.Error(err)
			}
		}, 0},
		"drop": {func(t *testing.T, s *cache.Storage) {
			set(t, p, 2)
			s.Drop(t.Context(), alice())
		}, 2},
	}
}

// slowly reads through reader, has write done when the old token was read and not yet returned, and
// lets the reader go on.
func slowly(t *testing.T, p interface{ hold() *gate }, reader token.Storage, write func()) {
	t.Helper()
	g, done := p.hold(), make(chan struct{})
	go func() {
		defer close(done)
		if _, err := reader.Get(t.Context(), alice()); err != nil {
			t.Error(err)
		}
	}()
	<-g.reached
	write()
	close(g.open)
	<-done
}

func TestSlowReaderPutsNoOldTokenBack(t *testing.T) {
	t.Parallel()
	for name := range changes(nil) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlain()
			set(t, p, 1)
			s := open(t, cache.Config{Next: p})
			c := changes(p)[name]
			slowly(t, p, s, func() {
				c.write(t, s)
				wants(t, s, c.want) // who comes after the write does not wait for the slow one
			})
			wants(t, s, c.want)
		})
	}
}

// Three caches stand for three processes, which share a backend and nothing else.
func TestSlowReaderOfAnotherProcessPutsNoOldTokenBack(t *testing.T) {
	t.Parallel()
	for kind, b := range backends() {
		server := b.start(t)
		for name := range changes(nil) {
			t.Run(kind+"/"+name, func(t *testing.T) {
				p := newPlain()
				set(t, p, 1)
				process := func() *cache.Storage {
					return open(t, cache.Config{Next: p, Backend: b.open(t, server.Addr), Timeout: patience})
				}
				writer, reader, third := process(), process(), process()
				writer.Drop(t.Context(), alice()) // what an earlier test left
				c := changes(p)[name]
				slowly(t, p, reader, func() { c.write(t, writer) })
				wants(t, third, c.want)
				wants(t, reader, c.want)
				wants(t, writer, c.want)
			})
		}
	}
}

// The reader's lease is gone and another stands in its place.
func TestSlowReaderDoesNotFillUnderTheLeaseOfAnother(t *testing.T) {
	t.Parallel()
	for kind, b := range backends() {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			p := newPlain()
			set(t, p, 1)
			server := b.start(t)
			process := func() *cache.Storage {
				return open(t, cache.Config{Next: p, Backend: b.open(t, server.Addr), Timeout: patience})
			}
			writer, slow, next, third := process(), process(), process(), process()
			slowly(t, p, slow, func() {
				set(t, writer, 2)
				slowly(t, p, next, func() {}) // takes a lease, and fills
				wants(t, third, 2)
			})
			wants(t, slow, 2)
			wants(t, process(), 2)
		})
	}
}

func TestProcessesReadOnceBetweenThem(t *testing.T) {
	t.Parallel()
	for kind, b := range backends() {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			p := newPlain()
			server := b.start(t)
			process := func() *cache.Storage {
				return open(t, cache.Config{Next: p, Backend: b.open(t, server.Addr), AbsentTTL: time.Hour, Timeout: patience})
			}
			for n := range 2 {
				if n > 0 {
					set(t, p, n)
				}
				before := p.count()
				for range 3 {
					wants(t, process(), n)
				}
				if got := p.count() - before; got != 1 {
					t.Errorf("token %d was read %d times by three processes", n, got)
				}
				process().Drop(t.Context(), alice())
			}
		})
	}
}
