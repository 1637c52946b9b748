package redisstore_test

import (
	"context"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz/internal/enginetest"
	"github.com/waltz-oauth/waltz/storage/redisstore"
	"github.com/waltz-oauth/waltz/token"
)

// A Redis is killed and started again while it works: callers see errors only while it is down, nothing
// acknowledged is lost, and neither goroutines nor connections are left.
func TestServerRestartsUnderLoad(t *testing.T) {
	server := enginetest.StartRedis(t)
	before := runtime.NumGoroutine()
	s, err := redisstore.Open(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		_ = s.Watch(ctx, func(token.Key) {})
	}()
	w := worker{s: s}
	end := w.begin(t)
	const work = 300 * time.Millisecond
	time.Sleep(work)
	w.turn.Add(1)
	server.Kill()
	time.Sleep(work)
	server.Start(t)
	w.turn.Add(1)
	time.Sleep(work)
	end()
	stop()
	<-watched
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	gone(t, before)
	client := connect(t, server.Addr)
	for range 200 { // a server takes a moment to see that they are gone
		open, err := client.ClientList(t.Context()).Result()
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(open, "\n"); n <= 1 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Error("connections are left open")
}

// gone waits until there are as few goroutines as there were before.
func gone(t *testing.T, before int) {
	t.Helper()
	for range 500 { // those that end take a moment
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	stacks := make([]byte, 1<<16)
	t.Errorf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
}

// worker stores at eight keys, at each a record that counts, until it is told to end.
type worker struct {
	s    token.Versioned
	turn atomic.Int64 // odd while the server is down
	done atomic.Int64 // how many were stored
	lost atomic.Int64 // how many failed
	kept [8]uint64    // what was acknowledged last at each key
}

func (w *worker) begin(t *testing.T) (end func()) {
	t.Helper()
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for i := range w.kept {
		wg.Go(func() { w.work(t, i, stop) })
	}
	return func() {
		t.Helper()
		close(stop)
		wg.Wait()
		w.check(t, w.s)
		if w.done.Load() == 0 || w.lost.Load() == 0 {
			t.Errorf("%d were stored and %d failed: there was no load", w.done.Load(), w.lost.Load())
		}
		t.Logf("%d were stored and %d failed", w.done.Load(), w.lost.Load())
	}
}

func (w *worker) key(i int) token.Key {
	return token.Key{Provider: "github", User: string(rune('a' + i))}
}

func (w *worker) work(t *testing.T, i int, stop <-chan struct{}) {
	for n := uint64(1); ; n++ {
		select {
		case <-stop:
			return
		case <-t.Context().Done():
			return
		default:
		}
		turn := w.turn.Load()
		err := w.store(t.Context(), i, n)
		switch {
		case err == nil:
			w.kept[i] = n
			w.done.Add(1)
		case turn%2 == 0 && turn == w.turn.Load():
			t.Errorf("%s: an error while the server is up: %v", w.key(i), err)
			return
		default:
			w.lost.Add(1)
			time.Sleep(time.Millisecond)
		}
	}
}

func (w *worker) store(ctx context.Context, i int, n uint64) error {
	r := record("a")
	r.Generation = n
	if i%2 == 0 || w.kept[i] == 0 {
		return w.s.Set(ctx, w.key(i), r)
	}
	was, err := w.s.Load(ctx, w.key(i))
	if err != nil {
		return err
	}
	_, err = w.s.Swap(ctx, w.key(i), was.Version, r)
	return err
}

// check fails unless s has at each key what was acknowledged, or what came after it.
func (w *worker) check(t *testing.T, s token.Versioned) {
	t.Helper()
	for i, kept := range w.kept {
		r, err := s.Load(t.Context(), w.key(i))
		if err != nil || r.Generation < kept {
			t.Errorf("%s: %d is stored, and %d was acknowledged: %v", w.key(i), r.Generation, kept, err)
		}
	}
}
