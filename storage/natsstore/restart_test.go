package natsstore_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz/internal/enginetest"
	"github.com/waltz-oauth/waltz/storage/natsstore"
	"github.com/waltz-oauth/waltz/token"
)

// A server is killed and started again while it works: callers see errors only while it is down,
// nothing acknowledged is lost, nothing deleted comes back, and no goroutine is left.
func TestServerRestartsUnderLoad(t *testing.T) {
	server := enginetest.StartNATS(t)
	url := server.URL + "/waltz"
	create(t, url)
	before := runtime.NumGoroutine()
	s, err := natsstore.Open(url)
	if err != nil {
		t.Fatal(err)
	}
	l := load8{s: s}
	end := l.begin(t)
	const work = 300 * time.Millisecond
	for range 3 {
		time.Sleep(work)
		l.change(t, false, server.Kill)
		time.Sleep(work)
		server.Start(t)
		eventually(t, "it has the server again", func() bool {
			_, err := s.Get(t.Context(), token.Key{Provider: "github", User: "nobody"})
			return errors.Is(err, token.ErrNotFound)
		})
		l.change(t, true, func() {})
	}
	time.Sleep(work)
	end()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	gone(t, before)
}

// gone waits until there are no more goroutines than there were.
func gone(t *testing.T, before int) {
	t.Helper()
	for range 500 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	stacks := make([]byte, 1<<20)
	t.Errorf("%d goroutines are left, of %d before:\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
}

// load8 sets, swaps and deletes at eight keys until it is told to end.
type load8 struct {
	s     *natsstore.Storage
	phase atomic.Pointer[phase]
	done  atomic.Int64 // how many writes were acknowledged
	lost  atomic.Int64 // how many failed
}

// phase is a time in which the server is up, or down. What is under way ends with it.
type phase struct {
	context.Context //nolint:containedctx // that is what it is

	up  bool
	end context.CancelFunc
}

// change begins another phase, with what makes it so.
func (l *load8) change(t *testing.T, up bool, do func()) {
	ctx, end := context.WithCancel(t.Context())
	old := l.phase.Swap(&phase{ctx, up, end})
	do()
	if old != nil {
		old.end()
	}
}

func (l *load8) begin(t *testing.T) (end func()) {
	t.Helper()
	l.change(t, true, func() {})
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for i := range 8 {
		w := worker{load8: l, key: token.Key{Provider: "github", User: string(rune('a' + i))}}
		wg.Go(func() { w.work(t, stop) })
	}
	return func() {
		close(stop)
		wg.Wait()
		if l.done.Load() == 0 || l.lost.Load() == 0 {
			t.Errorf("%d were stored and %d failed: there was no load", l.done.Load(), l.lost.Load())
		}
	}
}

// worker is alone at its key, so it knows what is there: a generation, or 0 for nothing.
type worker struct {
	*load8

	key   token.Key
	kept  uint64   // what was acknowledged last
	maybe []uint64 // what was written since, and not acknowledged
}

func (w *worker) work(t *testing.T, stop <-chan struct{}) {
	for n := uint64(1); ; n++ {
		select {
		case <-stop:
			return
		default:
		}
		p := w.phase.Load()
		err := w.store(p, t, n)
		switch {
		case err == nil:
			w.done.Add(1)
		case p.up && p == w.phase.Load():
			t.Errorf("%s: an error while the server is up: %v", w.key, err)
			return
		default:
			w.lost.Add(1)
			time.Sleep(time.Millisecond)
		}
	}
}

// store looks what is there and writes n, or nothing each third time.
func (w *worker) store(ctx context.Context, t *testing.T, n uint64) error {
	was, err := w.s.Load(ctx, w.key)
	if err != nil && !errors.Is(err, token.ErrNotFound) {
		return err
	}
	if was.Generation != w.kept && !slices.Contains(w.maybe, was.Generation) {
		t.Errorf("%s: %d is there, %d was acknowledged, and then %d not", w.key, was.Generation, w.kept, w.maybe)
	}
	r := record("a")
	r.Generation = n
	switch {
	case n%3 == 0:
		n = 0
		err = w.s.Delete(ctx, w.key)
	case err != nil || n%2 == 0:
		err = w.s.Set(ctx, w.key, r)
	default:
		_, err = w.s.Swap(ctx, w.key, was.Version, r)
	}
	if err != nil {
		w.maybe = append(w.maybe, n)
		return err
	}
	w.kept, w.maybe = n, nil
	return nil
}
