package keeper_test

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/waltz-oauth/waltz/keeper"
	"github.com/waltz-oauth/waltz/token"
)

func TestTwentyCallersMakeOneCall(t *testing.T) {
	tests := []struct {
		name      string
		storage   func(*engine) token.Storage
		processes int
	}{
		{"versioned", func(e *engine) token.Storage { return shared{e} }, 1},
		{"versioned, twenty processes", func(e *engine) token.Storage { return shared{e} }, 20},
		{"three methods", func(e *engine) token.Storage { return three{e} }, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.p.delay = time.Second
				var processes []*keeper.Keeper
				for range tt.processes {
					processes = append(processes, w.over(tt.storage(w.engine)))
				}
				first := w.login(processes[0], "a")
				time.Sleep(time.Until(first.Token.Expiry))
				var callers sync.WaitGroup
				for n := range 20 {
					callers.Go(func() {
						r, err := processes[n%tt.processes].Fresh(t.Context(), key)
						w.gets(r, err, 1)
					})
				}
				callers.Wait()
				w.calls(1)
				w.good(w.stored(), nil, 1)
			})
		})
	}
}

// Visitors without accounts share a key, and not a token.
func TestVisitorsDoNotShareARefresh(t *testing.T) {
	for _, name := range []string{"with grants", "without"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.p.delay = time.Second
				k := w.over(session{})
				visitors := token.Key{Provider: "example"}
				var callers sync.WaitGroup
				for _, who := range []string{"a", "b", "c"} {
					r := token.New(w.p.login(who))
					if name == "without" {
						r.Grant = ""
					}
					ctx, _ := request(t.Context(), visitors, r)
					callers.Go(func() {
						time.Sleep(2 * time.Hour)
						got, err := k.Fresh(ctx, visitors)
						if want := "fake-access-" + who + "-1"; err != nil || got.Token.AccessToken != want {
							t.Errorf("got %v, %v; want the token of %s", got, err, who)
						}
					})
				}
				callers.Wait()
				w.calls(3)
			})
		})
	}
}

// Rows that somebody copied have one grant under two keys.
func TestKeysDoNotShareARefresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.p.lenient, w.p.delay = true, time.Second
		k := w.process()
		first := w.login(k, "a")
		other := token.Key{Provider: "example", User: "8"}
		if err := w.Set(t.Context(), other, first); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Until(first.Token.Expiry))
		var callers sync.WaitGroup
		for _, key := range []token.Key{key, other} {
			callers.Go(func() {
				r, err := k.Fresh(t.Context(), key)
				w.gets(r, err, 1)
				if stored, err := w.get("get", key); err != nil || stored.Generation != 1 {
					t.Errorf("%v has %v, %v", key, stored, err)
				}
			})
		}
		callers.Wait()
	})
}

func TestCallerThatGivesUpStopsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.p.delay = 10 * time.Second
		w.p.hear = func(ctx context.Context) {
			if ctx.Value(cookieKey{}) != "kept" {
				t.Error("the caller's values are gone")
			}
			if d, ok := ctx.Deadline(); !ok || time.Until(d) > 30*time.Second {
				t.Error("the call has not half of the lease for its deadline")
			}
		}
		k := w.process()
		first := w.login(k, "a")
		time.Sleep(time.Until(first.Token.Expiry))
		valued := context.WithValue(t.Context(), cookieKey{}, "kept")
		ctx, cancel := context.WithTimeout(valued, time.Second)
		defer cancel()
		_, err := k.Fresh(ctx, key)
		is(t, err, keeper.ErrRefreshInProgress)
		is(t, err, context.DeadlineExceeded)
		r, err := k.Fresh(valued, key)
		w.good(r, err, 1)
		w.calls(1)
	})
}

func TestCallerThatGivesUpBeforeTheClaimStopsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.delay = func(op string) time.Duration {
			if op == "load" {
				return 2 * time.Second
			}
			return 0
		}
		k := w.process()
		first := w.login(k, "a")
		time.Sleep(time.Until(first.Token.Expiry))
		go func() {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			_, err := k.Fresh(ctx, key)
			matches(t, err, keeper.ErrRefreshInProgress)
		}()
		synctest.Wait()
		r, err := k.Fresh(t.Context(), key)
		w.good(r, err, 1)
	})
}

func TestWaitForAnotherProcessEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		k := w.process()
		first := w.login(k, "a")
		time.Sleep(time.Until(first.Token.Expiry))
		lease := func() {
			w.edit(func(r *token.Record) {
				r.Lease = token.Lease{Attempt: time.Now().String(), Until: time.Now().Add(time.Minute)}
			})
		}
		stop := make(chan struct{})
		go func() {
			for { // others at it, for ever
				lease()
				select {
				case <-stop:
					return
				case <-time.After(30 * time.Second):
				}
			}
		}()
		synctest.Wait()
		_, err := k.Fresh(t.Context(), key)
		is(t, err, keeper.ErrRefreshInProgress)
		close(stop)
		w.calls(0)
		if w.stored().State != token.Active {
			t.Error("a loser marked the grant")
		}
	})
}

func TestAheadOfExpiryCallersDoNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.p.delay = 10 * time.Second
		k, other := w.process(), w.process()
		first := w.login(k, "a")
		time.Sleep(time.Until(first.RefreshAt) - time.Millisecond)
		_, _ = k.Fresh(t.Context(), key)
		synctest.Wait()
		w.calls(0)
		time.Sleep(time.Millisecond)
		for range 9 {
			for _, k := range []*keeper.Keeper{k, other} {
				began := time.Now()
				r, err := k.Fresh(t.Context(), key)
				w.good0(r, err)
				if time.Since(began) != 0 {
					t.Fatal("the caller waited")
				}
			}
			time.Sleep(time.Second)
		}
		time.Sleep(2 * time.Second)
		r, err := k.Fresh(t.Context(), key)
		w.good(r, err, 1)
		w.calls(1)
	})
}

// good0 fails the test unless r is of generation 0, whose refresh token may be spent by now.
func (w *world) good0(r token.Record, err error) {
	w.t.Helper()
	if err != nil || r.Generation != 0 {
		w.t.Fatalf("got %v, %v; want generation 0", r, err)
	}
}

func TestWithinMarginCallersWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		k := w.process()
		first := w.login(k, "a")
		time.Sleep(time.Until(first.Token.Expiry) - 30*time.Second)
		r, err := k.Fresh(t.Context(), key)
		w.good(r, err, 1)
	})
}

func TestWithinMarginAnOldTokenIsBetterThanNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.p.before = func(int) error { return &keeper.Failure{Kind: keeper.Unsent, Err: errNet} }
		k := w.process()
		first := w.login(k, "a")
		time.Sleep(time.Until(first.Token.Expiry) - 20*time.Second)
		for range 3 {
			r, err := k.Fresh(t.Context(), key)
			w.good(r, err, 0)
		}
		w.calls(1)
	})
}

func TestHooksMayUseTheKeeper(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		var k *keeper.Keeper
		var hooked atomic.Int32
		k = w.process(func(c *keeper.Config) {
			c.Refreshed = func(ctx context.Context, key token.Key, r token.Record) {
				got, err := k.Fresh(ctx, key) // which finds, in the cache, what was refreshed
				w.gets(got, err, r.Generation)
				hooked.Add(1)
			}
		})
		first := w.login(k, "a")
		time.Sleep(time.Until(first.Token.Expiry))
		w.stale = map[token.Key]token.Record{key: w.stored()}
		r, err := k.Fresh(t.Context(), key)
		w.good(r, err, 1)
		synctest.Wait()
		if hooked.Load() != 1 {
			t.Errorf("the hook was called %d times", hooked.Load())
		}
	})
}

func TestRefresherThatEndsItsGoroutine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.p.before = func(int) error { runtime.Goexit(); return nil }
		k := w.process()
		first := w.login(k, "a")
		time.Sleep(time.Until(first.Token.Expiry))
		if r, err := k.Fresh(t.Context(), key); err == nil {
			t.Errorf("got %v and no error", r)
		}
	})
}

func TestShutdownWaitsForRefreshes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.p.delay = 10 * time.Second
		k := w.process()
		first := w.login(k, "a")
		time.Sleep(time.Until(first.RefreshAt))
		if _, err := k.Fresh(t.Context(), key); err != nil {
			t.Fatal(err)
		}
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		is(t, k.Shutdown(short), context.DeadlineExceeded)
		if err := k.Shutdown(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.good(w.stored(), nil, 1)
	})
}

// lagging is a storage of three methods whose next reads can be made to find what was there before.
type lagging struct {
	three
	mu   sync.Mutex
	next []token.Record // those without a token are read as they are
}

func (s *lagging) Get(ctx context.Context, key token.Key) (token.Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.next) > 0 {
		old := s.next[0]
		s.next = s.next[1:]
		if old.Token != nil {
			return old, nil
		}
	}
	return s.three.Get(ctx, key)
}

func (s *lagging) lag(next ...token.Record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next = next
}

// Without leases only the flight keeps a second caller from spending what the first is spending.
func TestStaleReadJoinsTheRefreshUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.p.delay = 10 * time.Second
		s := &lagging{three: three{w.engine}}
		k := w.over(s)
		first := w.login(k, "a")
		time.Sleep(time.Until(first.Token.Expiry))
		second, err := k.Fresh(t.Context(), key)
		w.good(second, err, 1)
		time.Sleep(time.Until(second.Token.Expiry))
		var leader sync.WaitGroup
		leader.Go(func() { _, _ = k.Fresh(t.Context(), key) })
		time.Sleep(time.Second)
		s.lag(first)
		r, err := k.Fresh(t.Context(), key)
		leader.Wait()
		w.calls(2)
		w.good(r, err, 2)
	})
}

// One refresh finds what another is for, and that one what the first is for.
func TestStaleReadsDoNotMakeRefreshesWaitForEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		s := &lagging{three: three{w.engine}}
		k := w.over(s)
		first := w.login(k, "a")
		time.Sleep(time.Until(first.Token.Expiry))
		second, err := k.Fresh(t.Context(), key)
		w.good(second, err, 1)
		time.Sleep(time.Until(second.Token.Expiry))
		s.lag(first, token.Record{}, first)
		began := time.Now()
		r, err := k.Fresh(t.Context(), key)
		w.good(r, err, 2)
		if took := time.Since(began); took > time.Second {
			t.Errorf("it took %v", took)
		}
	})
}
