//go:build unix

package sqlstore_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/waltz-oauth/waltz/internal/enginetest"
	"github.com/waltz-oauth/waltz/storage/sqlstore"
	"github.com/waltz-oauth/waltz/token"
)

// An engine is killed and started again while it works: callers see errors only while it is down,
// nothing acknowledged is lost, and neither a goroutine nor a connection is left.
func TestEngineRestartsUnderLoad(t *testing.T) {
	for _, c := range []struct {
		engine engine
		start  func(testing.TB) *enginetest.Server
	}{
		{postgresEngine, enginetest.StartPostgres},
		{mysqlEngine, enginetest.StartMySQL},
	} {
		t.Run(c.engine.name, func(t *testing.T) {
			server := c.start(t)
			before := goleak.IgnoreCurrent()
			db, err := c.engine.open(server.URL)
			if err != nil {
				t.Fatal(err)
			}
			s, err := sqlstore.New(db, sqlstore.Config{Dialect: c.engine.dialect, Owned: true})
			if err != nil {
				t.Fatal(err)
			}
			migrate(t, s)
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
			if n := db.Stats().InUse; n != 0 {
				t.Errorf("%d connections are in use, and nobody uses them", n)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			if n := db.Stats().OpenConnections; n != 0 {
				t.Errorf("%d connections are open after Close", n)
			}
			goleak.VerifyNone(t, before, goleak.IgnoreAnyFunction("github.com/waltz-oauth/waltz/internal/enginetest.(*Server).Start.func1"))
		})
	}
}

// worker stores at eight keys, at each a record that counts, until it is told to end.
type worker struct {
	s    *sqlstore.Storage
	turn atomic.Int64 // odd while the engine is down
	done atomic.Int64 // how many were stored
	lost atomic.Int64 // how many failed
}

func (w *worker) begin(t *testing.T) (end func()) {
	t.Helper()
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for i := range 8 {
		key := token.Key{Provider: "github", User: string(rune('a' + i))}
		wg.Go(func() { w.work(t, key, i%2 == 0, stop) })
	}
	return func() {
		close(stop)
		wg.Wait()
		if w.done.Load() == 0 || w.lost.Load() == 0 {
			t.Errorf("%d were stored and %d failed: there was no load", w.done.Load(), w.lost.Load())
		}
	}
}

func (w *worker) work(t *testing.T, key token.Key, swaps bool, stop <-chan struct{}) {
	kept := uint64(0) // acknowledged
	for n := uint64(1); ; n++ {
		select {
		case <-stop:
			if r := load(t, w.s, key); r.Generation < kept {
				t.Errorf("%s: %d is stored, and %d was acknowledged", key, r.Generation, kept)
			}
			return
		default:
		}
		turn := w.turn.Load()
		err := w.store(t, key, swaps && kept > 0, n)
		switch {
		case err == nil:
			kept = n
			w.done.Add(1)
		case turn%2 == 0 && turn == w.turn.Load():
			t.Errorf("%s: an error while the engine is up: %v", key, err)
			return
		default:
			w.lost.Add(1)
			time.Sleep(time.Millisecond)
		}
	}
}

func (w *worker) store(t *testing.T, key token.Key, swap bool, n uint64) error {
	r := record("a")
	r.Generation = n
	if !swap {
		return w.s.Set(t.Context(), key, r)
	}
	was, err := w.s.Load(t.Context(), key)
	if err != nil {
		return err
	}
	_, err = w.s.Swap(t.Context(), key, was.Version, r)
	return err
}
