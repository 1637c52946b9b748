package keeper_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/waltz-oauth/waltz/keeper"
	"github.com/waltz-oauth/waltz/token"
)

// walked is the engine with everything.
type walked struct{ shared }

func (s walked) List(ctx context.Context, f token.Filter) iter.Seq2[token.Entry, error] {
	return func(yield func(token.Entry, error) bool) {
		if err := s.enter(ctx, "list", token.Key{}, token.Record{}); err != nil {
			yield(token.Entry{}, err)
			return
		}
		s.mu.Lock()
		keys := slices.SortedFunc(maps.Keys(s.rows), token.Key.Compare)
		s.mu.Unlock()
		for _, key := range keys {
			r, err := s.get("list", key)
			r.Token = nil
			if err == nil && f.Match(key, r) && !yield(token.Entry{Key: key, Record: r}, nil) {
				return
			}
		}
	}
}

func (s walked) Watch(ctx context.Context, changed func(token.Key)) error {
	s.mu.Lock()
	s.changed = append(s.changed, changed)
	s.mu.Unlock()
	<-ctx.Done()
	return ctx.Err()
}

// hand is one process's way to the provider.
type hand struct {
	*provider
	mu                  sync.Mutex
	calls, atOnce, most int
}

func (h *hand) Refresh(ctx context.Context, key token.Key, t *token.Token) (*token.Token, error) {
	h.count(1)
	defer h.count(-1)
	return h.provider.Refresh(ctx, key, t)
}

func (h *hand) count(n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.calls += max(n, 0)
	h.atOnce += n
	h.most = max(h.most, h.atOnce)
}

// start runs k until the test ends.
func start(t *testing.T, k *keeper.Keeper) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- k.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		matches(t, <-ended, context.Canceled)
	})
}

// people logs n of them in, at a provider for each name in turn.
func (w *world) people(k *keeper.Keeper, n int, providers ...string) []token.Key {
	w.t.Helper()
	var keys []token.Key
	for i := range n {
		key := token.Key{Provider: providers[i%len(providers)], User: fmt.Sprint(i)}
		if _, err := k.Put(w.t.Context(), key, w.p.login(fmt.Sprintf("g%d", i)), ""); err != nil {
			w.t.Fatal(err)
		}
		keys = append(keys, key)
	}
	return keys
}

func TestRunSharesTheWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.p.delay = time.Second
		const people, processes, parallel = 300, 3, 4
		var hands []*hand
		var keys []token.Key
		for n := range processes {
			h := &hand{provider: w.p}
			hands = append(hands, h)
			k := w.over(walked{shared{w.engine}}, func(c *keeper.Config) { c.Refresher, c.Parallel = h, parallel })
			if n == 0 {
				keys = w.people(k, people, "example")
			}
			start(t, k)
		}
		first, err := w.get("get", keys[0])
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Until(first.Token.Expiry) - 30*time.Second) // from here on callers would wait
		w.calls(people)
		for _, key := range keys {
			r, err := w.get("get", key)
			w.good(r, err, 1)
		}
		synctest.Wait()
		for n, h := range hands {
			if h.calls < people/processes/4 {
				t.Errorf("process %d made %d calls", n, h.calls)
			}
			if h.most > parallel {
				t.Errorf("process %d had %d calls under way", n, h.most)
			}
		}
	})
}

// After an outage everything is due, and no process waits for what another is at.
func TestRunGoesInAnOrderOfItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.p.delay = time.Second
		const people, processes = 480, 4
		for n := range processes {
			k := w.over(walked{shared{w.engine}}, func(c *keeper.Config) { c.Parallel = 2 })
			if n == 0 {
				w.people(k, people, "example")
				time.Sleep(2 * time.Hour)
			}
			start(t, k)
		}
		time.Sleep(30 * time.Second) // by then all have begun
		before, began := w.p.called(), time.Now()
		for w.p.called() < people {
			time.Sleep(time.Second)
		}
		alone := time.Duration(people-before) * time.Second / (2 * processes) // if none ever met another
		if took := time.Since(began); took > 2*alone {
			t.Errorf("%d calls took %v, want %v or a little more", people-before, took, alone)
		}
	})
}

func TestRunBacksOffPerProvider(t *testing.T) {
	tests := []struct {
		name string
		err  error
		most int // calls to the bad provider in an hour
	}{
		{"limited", &keeper.Failure{Kind: keeper.Limited, RetryAfter: 20 * time.Minute}, 3},
		{"unsent", &keeper.Failure{Kind: keeper.Unsent, Err: errNet}, 20},
		{"doubtful", doubtful(0), 20},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				const people = 400
				var bad atomic.Int32
				k := w.over(walked{shared{w.engine}}, func(c *keeper.Config) { c.Refresher, c.Parallel = halfBad{w.p, tt.err, &bad}, 1 })
				keys := w.people(k, people, "good", "bad")
				time.Sleep(time.Hour)
				start(t, k)
				time.Sleep(time.Hour - 15*time.Minute) // those refreshed first come due again after that
				if n := int(bad.Load()); n == 0 || n > tt.most {
					t.Errorf("%d calls to the bad provider", n)
				}
				w.calls(people / 2)
				for _, key := range keys {
					if key.Provider == "good" {
						r, err := w.get("get", key)
						w.good(r, err, 1)
					}
				}
			})
		})
	}
}

// halfBad fails for the provider called bad.
type halfBad struct {
	*provider
	err   error
	calls *atomic.Int32
}

func (h halfBad) Refresh(ctx context.Context, key token.Key, t *token.Token) (*token.Token, error) {
	if key.Provider == "bad" {
		h.calls.Add(1)
		return nil, h.err
	}
	return h.provider.Refresh(ctx, key, t)
}

func TestRunKeepsUnusedGrantsAlive(t *testing.T) {
	const life = 2 * time.Hour
	for name, lived := range map[string]time.Duration{"tokens without expiry": 0, "tokens that live longer": 12 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				used := time.Now()
				k := w.over(walked{shared{w.engine}}, func(c *keeper.Config) {
					c.Refresher = lasting{w.p, lived}
					c.Traits = func(string) keeper.Traits { return keeper.Traits{Idle: life} }
				})
				w.p.hear = func(context.Context) {
					if time.Since(used) > life {
						w.p.grants["a"].dead = true
					}
					used = time.Now()
				}
				w.p.before = only(2, &keeper.Failure{Kind: keeper.Unsent})
				r := w.p.login("a")
				r.Expiry = time.Time{}
				if lived > 0 {
					r.Expiry = time.Now().Add(lived)
				}
				if _, err := k.Put(t.Context(), key, r, ""); err != nil {
					t.Fatal(err)
				}
				start(t, k)
				time.Sleep(11 * time.Hour)
				got := w.stored()
				if got.Generation < 7 || got.Generation > 11 {
					t.Errorf("refreshed %d times in 11 hours", got.Generation)
				}
				w.good(got, nil, got.Generation)
			})
		})
	}
}

// lasting is a provider whose tokens live long; for ever if life is 0.
type lasting struct {
	*provider
	life time.Duration
}

func (l lasting) Refresh(ctx context.Context, key token.Key, t *token.Token) (*token.Token, error) {
	next, err := l.provider.Refresh(ctx, key, t)
	if err == nil {
		next.Expiry = time.Time{}
		if l.life > 0 {
			next.Expiry = time.Now().Add(l.life)
		}
	}
	return next, err
}

// A token without an expiry would wait for ever for it.
func TestDoubtWithoutAnExpiryIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		k := w.over(walked{shared{w.engine}}, func(c *keeper.Config) {
			c.Refresher = lasting{w.p, 0}
			c.Traits = func(string) keeper.Traits { return keeper.Traits{Idle: time.Hour} }
		})
		w.p.before = only(1, doubtful(0))
		r := w.p.login("a")
		r.Expiry = time.Time{}
		if _, err := k.Put(t.Context(), key, r, ""); err != nil {
			t.Fatal(err)
		}
		start(t, k)
		time.Sleep(50 * time.Minute)
		w.good(w.stored(), nil, 1)
		w.calls(2)
	})
}

func TestRunNeedsAStorageThatCanBeWalked(t *testing.T) {
	w := newWorld(t)
	for name, s := range map[string]token.Storage{"versioned": shared{w.engine}, "session": walkedSession{}} {
		t.Run(name, func(t *testing.T) {
			is(t, w.over(s).Run(t.Context()), errors.ErrUnsupported)
		})
	}
}

type walkedSession struct{ session }

func (walkedSession) List(context.Context, token.Filter) iter.Seq2[token.Entry, error] { return nil }

func TestRunGoesThroughMoreThanABatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		k := w.over(walked{shared{w.engine}})
		const people = 2500
		w.people(k, people, "example")
		time.Sleep(2 * time.Hour)
		start(t, k)
		time.Sleep(time.Minute)
		w.calls(people)
	})
}

func TestRunOutlivesItsStorage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		k := w.over(walked{shared{w.engine}})
		first := w.login(k, "a")
		var down atomic.Bool
		down.Store(true)
		w.fail = func(string, token.Record) error {
			if down.Load() {
				return errDown
			}
			return nil
		}
		start(t, k)
		time.Sleep(time.Until(first.Token.Expiry))
		down.Store(false)
		time.Sleep(time.Minute)
		w.good(w.stored(), nil, 1)
	})
}

func TestRunListensAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		var tries atomic.Int32
		start(t, w.over(deaf{walked{shared{w.engine}}, &tries}))
		time.Sleep(10*time.Minute + time.Second)
		if n := tries.Load(); n != 21 {
			t.Errorf("tried to listen %d times in ten minutes, want every half a minute", n)
		}
	})
}

// deaf is a storage that hears of nothing.
type deaf struct {
	walked
	tries *atomic.Int32
}

func (d deaf) Watch(context.Context, func(token.Key)) error {
	d.tries.Add(1)
	return errDown
}

func TestRunLeavesAloneWhatTheKeeperRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		site := token.Key{Provider: "example"}
		owner := w.process(func(c *keeper.Config) { c.Site = true })
		if _, err := owner.Put(t.Context(), site, w.p.login("a"), ""); err != nil {
			t.Fatal(err)
		}
		start(t, w.over(walked{shared{w.engine}}))
		time.Sleep(time.Hour)
		w.calls(0)
	})
}

func TestWaitingCallersAreWokenByTheStorage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		k := w.over(walked{shared{w.engine}})
		first := w.login(k, "a")
		start(t, k)
		time.Sleep(time.Until(first.RefreshAt) - time.Minute)
		w.edit(func(r *token.Record) { // another process is at it, and has no time left
			r.Lease = token.Lease{Attempt: "other", Until: time.Now().Add(time.Hour)}
			r.Token = &token.Token{AccessToken: "fake", RefreshToken: "fake", Expiry: time.Now()}
		})
		for _, key := range []token.Key{key, {}} {
			var stored time.Time
			go func() {
				time.Sleep(10*time.Second + 7*time.Millisecond)
				stored = time.Now()
				w.edit(func(r *token.Record) { r.Generation++ })
				w.ring(key)
			}()
			if _, err := k.Fresh(t.Context(), token.Key{Provider: "example", User: "7"}); err != nil {
				t.Fatal(err)
			}
			if late := time.Since(stored); late != 0 {
				t.Errorf("woken %v later", late)
			}
		}
	})
}
