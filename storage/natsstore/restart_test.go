package natsstore_test

import (
	"context"
	"crypto/rand"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz/internal/enginetest"
	"github.com/waltz-oauth/waltz/storage/natsstore"
	"github.com/waltz-oauth/waltz/token"
)

func record(name string) token.Record {
	return token.New(&token.Token{AccessToken: "fake-" + name})
}

// A server is killed and started again while it works: callers see errors only while it is down,
// nothing acknowledged is lost, and no goroutine is left.
func TestServerRestartsUnderLoad(t *testing.T) {
	server := enginetest.StartNATS(t)
	url := server.URL + "/waltz_test_" + rand.Text()
	nc, bucket, err := natsstore.Connect(url)
	if err != nil {
		t.Fatal(err)
	}
	if err := natsstore.CreateBucket(t.Context(), jetStream(t, nc), natsstore.Bucket{Name: bucket}); err != nil {
		t.Fatal(err)
	}
	nc.Close()
	before := runtime.NumGoroutine()
	s, err := natsstore.Open(url)
	if err != nil {
		t.Fatal(err)
	}
	w := worker{s: s}
	end := w.begin(t)
	const work = 300 * time.Millisecond
	for range 2 {
		time.Sleep(work)
		w.turn.Add(1)
		server.Kill()
		time.Sleep(work)
		server.Start(t)
		w.connected(t)
		w.turn.Add(1)
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

// worker stores and deletes at eight keys, at each a record that counts, until it is told to end.
type worker struct {
	s    *natsstore.Storage
	turn atomic.Int64 // odd while the server is down
	done atomic.Int64 // how many were stored
	lost atomic.Int64 // how many failed
}

// connected waits until the storage has found the server again.
func (w *worker) connected(t *testing.T) {
	t.Helper()
	for range 3000 {
		if _, err := w.s.Load(t.Context(), token.Key{Provider: "nowhere"}); strings.Contains(err.Error(), token.ErrNotFound.Error()) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("it does not come back")
}

func (w *worker) begin(t *testing.T) (end func()) {
	t.Helper()
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for i := range 8 {
		key := token.Key{Provider: "github", User: string(rune('a' + i))}
		wg.Go(func() { w.work(t, key, i, stop) })
	}
	return func() {
		close(stop)
		wg.Wait()
		if w.done.Load() == 0 || w.lost.Load() == 0 {
			t.Errorf("%d were stored and %d failed: there was no load", w.done.Load(), w.lost.Load())
		}
	}
}

func (w *worker) work(t *testing.T, key token.Key, kind int, stop <-chan struct{}) {
	kept := uint64(0) // acknowledged
	for n := uint64(1); ; n++ {
		select {
		case <-stop:
			r, err := w.s.Load(t.Context(), key)
			if err != nil || r.Generation < kept {
				t.Errorf("%s: %d is stored, and %d was acknowledged, %v", key, r.Generation, kept, err)
			}
			return
		default:
		}
		turn := w.turn.Load()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		err := w.store(ctx, key, kind%2 == 0 && kept > 0, n)
		cancel()
		switch {
		case err == nil:
			kept = n
			w.done.Add(1)
		case turn%2 == 0 && turn == w.turn.Load():
			t.Errorf("%s: an error while the server is up: %v", key, err)
			return
		default:
			w.lost.Add(1)
			time.Sleep(time.Millisecond)
		}
	}
}

func (w *worker) store(ctx context.Context, key token.Key, swap bool, n uint64) error {
	r := record("a")
	r.Generation = n
	if !swap {
		return w.s.Set(ctx, key, r)
	}
	was, err := w.s.Load(ctx, key)
	if err != nil {
		return err
	}
	_, err = w.s.Swap(ctx, key, was.Version, r)
	return err
}
