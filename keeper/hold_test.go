package keeper_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/waltz-oauth/waltz/keeper"
	"github.com/waltz-oauth/waltz/token"
)

func TestStorageDownAfterRotation(t *testing.T) {
	for _, name := range []string{"versioned", "three methods"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				var log bytes.Buffer
				var told atomic.Int32
				s := token.Storage(shared{w.engine})
				if name != "versioned" {
					s = three{w.engine}
				}
				k := w.over(s, func(c *keeper.Config) {
					c.Logger = slog.New(slog.NewTextHandler(&log, nil))
					c.Refreshed = func(context.Context, token.Key, token.Record) { told.Add(1) }
				})
				first := w.login(k, "a")
				time.Sleep(time.Until(first.Token.Expiry))
				var down, unreadable atomic.Bool
				w.p.after = func(n int) error { down.Store(n == 1); return nil }
				w.fail = func(op string, _ token.Record) error {
					if down.Load() && op != "get" || unreadable.Load() {
						return errDown
					}
					return nil
				}
				for range 50 {
					r, err := k.Fresh(t.Context(), key)
					w.good(r, err, 1)
					time.Sleep(time.Second)
				}
				w.calls(1)
				if told.Load() != 0 {
					t.Error("the hook was told of what is not stored")
				}
				unreadable.Store(true)
				r, err := k.Fresh(t.Context(), key)
				w.good(r, err, 1)

				time.Sleep(time.Until(r.Token.Expiry)) // the successor is spent as soon as it is stored, and not before
				_, err = k.Fresh(t.Context(), key)
				is(t, err, errDown)
				w.calls(1)
				down.Store(false)
				unreadable.Store(false)
				r, err = k.Fresh(t.Context(), key)
				w.good(r, err, 2)
				synctest.Wait()
				w.good(w.stored(), nil, 2)
				w.calls(2)
				if told.Load() != 2 {
					t.Errorf("the hook was called %d times, want 2", told.Load())
				}
				if n := strings.Count(log.String(), "level=ERROR msg=\"refreshed token not stored: serving it from memory"); n != 1 {
					t.Errorf("that it was not stored was said %d times", n)
				}
			})
		})
	}
}

func TestHeldSuccessorIsStoredByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		k := w.process()
		first := w.login(k, "a")
		time.Sleep(time.Until(first.Token.Expiry))
		var down atomic.Bool
		down.Store(true)
		w.fail = func(op string, r token.Record) error {
			if op == "swap" && r.Generation == 1 && down.Load() {
				return errDown
			}
			return nil
		}
		_, err := k.Fresh(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Minute)
		down.Store(false)
		time.Sleep(2 * time.Minute)
		w.good(w.stored(), nil, 1)
	})
}

func TestShutdownStoresWhatIsHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		k := w.process()
		first := w.login(k, "a")
		time.Sleep(time.Until(first.Token.Expiry))
		var down atomic.Bool
		down.Store(true)
		w.fail = func(op string, r token.Record) error {
			if op == "swap" && r.Generation == 1 && down.Load() {
				return errDown
			}
			return nil
		}
		if _, err := k.Fresh(t.Context(), key); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Minute)
		go func() {
			time.Sleep(5 * time.Second)
			down.Store(false)
		}()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if err := k.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		w.good(w.stored(), nil, 1)
	})
}

func TestShutdownGivesUpWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		k := w.process()
		first := w.login(k, "a")
		time.Sleep(time.Until(first.Token.Expiry))
		w.fail = func(op string, r token.Record) error {
			if op == "swap" && r.Generation == 1 {
				return errDown
			}
			return nil
		}
		if _, err := k.Fresh(t.Context(), key); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		is(t, k.Shutdown(ctx), context.DeadlineExceeded)
	})
}

// The token before it has not expired, so that nothing but the held successor tells it is spent.
func TestRejectedSuccessorIsStoredBeforeItIsSpent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		k := w.process()
		first := w.login(k, "a")
		time.Sleep(2 * time.Minute)
		var down atomic.Bool
		down.Store(true)
		w.fail = func(op string, r token.Record) error {
			if op == "swap" && r.Generation == 1 && down.Load() {
				return errDown
			}
			return nil
		}
		held, err := k.Renew(t.Context(), key, first.Token)
		w.good(held, err, 1)
		time.Sleep(2 * time.Minute)
		down.Store(false)
		r, err := k.Renew(t.Context(), key, held.Token)
		w.good(r, err, 2)
		w.calls(2)
	})
}

func TestSuccessorThatCanNeverBeStored(t *testing.T) {
	for _, tt := range []struct {
		name  string
		first error // of the first swap
	}{{"refused at once", token.ErrTooLarge}, {"down at first", errDown}} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				var log bytes.Buffer
				k := w.process(func(c *keeper.Config) { c.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
				first := w.login(k, "a")
				time.Sleep(time.Until(first.Token.Expiry))
				var tries atomic.Int32
				w.fail = func(op string, r token.Record) error {
					if op != "swap" || r.Generation != 1 {
						return nil
					}
					if tries.Add(1) == 1 {
						return tt.first
					}
					return token.ErrTooLarge
				}
				r, err := k.Fresh(t.Context(), key)
				w.good(r, err, 1)
				for time.Now().Before(r.RefreshAt.Add(-time.Minute)) {
					got, err := k.Fresh(t.Context(), key)
					w.good(got, err, 1)
					time.Sleep(time.Minute)
				}
				synctest.Wait()
				if n := tries.Load(); n > 2 {
					t.Errorf("tried %d times", n)
				}
				if n := strings.Count(log.String(), "can never be stored"); n != 1 {
					t.Errorf("said so %d times", n)
				}
				time.Sleep(time.Until(r.Token.Expiry))
				synctest.Wait()
				_, err = k.Fresh(t.Context(), key)
				is(t, err, keeper.ErrReauthorize)
			})
		})
	}
}

func TestShutdownDoesNotWaitForWhatCanNeverBeStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		k := w.process()
		first := w.login(k, "a")
		time.Sleep(time.Until(first.Token.Expiry))
		w.fail = func(op string, r token.Record) error {
			if op == "swap" && r.Generation == 1 {
				return token.ErrKey
			}
			return nil
		}
		r, err := k.Fresh(t.Context(), key)
		w.good(r, err, 1)
		began := time.Now()
		if err := k.Shutdown(t.Context()); err != nil || time.Since(began) != 0 {
			t.Errorf("got %v after %v", err, time.Since(began))
		}
	})
}

// Nothing but the commit fails: what is held is not spent before it is stored.
func TestHeldSuccessorIsNotSpent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		k := w.process()
		first := w.login(k, "a")
		time.Sleep(time.Until(first.Token.Expiry))
		w.fail = func(op string, r token.Record) error {
			if op == "swap" && r.Generation == 1 {
				return errDown
			}
			return nil
		}
		held, err := k.Fresh(t.Context(), key)
		w.good(held, err, 1)
		time.Sleep(time.Until(held.Token.Expiry))
		_, err = k.Fresh(t.Context(), key)
		is(t, err, errDown)
		w.calls(1)
	})
}

func TestHeldSuccessorIsGivenUpAfterADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		var log bytes.Buffer
		k := w.process(func(c *keeper.Config) {
			c.Logger, c.Lease = slog.New(slog.NewTextHandler(&log, nil)), time.Hour // so that it tries every three minutes
		})
		first := w.login(k, "a")
		time.Sleep(time.Until(first.Token.Expiry))
		w.fail = func(op string, r token.Record) error {
			if op == "swap" && r.Generation == 1 {
				return errDown
			}
			return nil
		}
		w.p.life = 48 * time.Hour
		r, err := k.Fresh(t.Context(), key)
		w.good(r, err, 1)
		time.Sleep(24 * time.Hour)
		r, err = k.Fresh(t.Context(), key)
		w.good(r, err, 1)
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		if said := log.String(); !strings.Contains(said, "refreshed token lost: never stored") {
			t.Errorf("the log says:\n%s", said)
		} else if n := strings.Count(said, "still not stored"); n > 24*21 {
			t.Errorf("it was said %d times that it is still not stored", n)
		}
		_, err = k.Fresh(t.Context(), key)
		is(t, err, keeper.ErrReauthorize) // as was to be expected
	})
}
