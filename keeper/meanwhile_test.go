package keeper_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/waltz-oauth/waltz/keeper"
	"github.com/waltz-oauth/waltz/token"
)

func TestLoginWhileRefreshing(t *testing.T) {
	tests := []struct {
		name     string
		old, new string // subjects
		revoked  bool
	}{
		{"accounts unknown", "", "", false},
		{"account known by now", "", "x", false},
		{"same account", "x", "x", false},
		{"another account", "x", "y", true},
	}
	for _, tt := range tests {
		for name, over := range storages() {
			t.Run(tt.name+"/"+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t)
					w.p.delay = 10 * time.Second
					w.p.whole = !tt.revoked
					k := w.over(over(w.engine))
					first, err := k.Put(t.Context(), key, w.p.login("a"), tt.old)
					if err != nil {
						t.Fatal(err)
					}
					time.Sleep(time.Until(first.Token.Expiry))
					go func() {
						r, err := k.Fresh(t.Context(), key)
						w.gets(r, err, 0)
					}()
					time.Sleep(time.Second)
					second, err := k.Put(t.Context(), key, w.p.login("b"), tt.new)
					if err != nil {
						t.Fatal(err)
					}
					time.Sleep(10 * time.Second)
					synctest.Wait()
					if r := w.stored(); r.Grant != second.Grant {
						t.Errorf("the new login was overwritten by %v", r)
					}
					w.good(w.stored(), nil, 0)
					if w.p.hasRevoked("fake-access-a-1") != tt.revoked {
						t.Errorf("what came for the old grant: revoked is %v, want %v", !tt.revoked, tt.revoked)
					}
				})
			})
		}
	}
}

// storages are the engine with and without a swap.
func storages() map[string]func(*engine) token.Storage {
	return map[string]func(*engine) token.Storage{
		"versioned":     func(e *engine) token.Storage { return shared{e} },
		"three methods": func(e *engine) token.Storage { return three{e} },
	}
}

// The refresh is stored after the logout's last look, and before its delete.
func TestLogoutJustAfterARefresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.p.delay = 10 * time.Second
		k := w.process()
		first := w.login(k, "a")
		time.Sleep(time.Until(first.Token.Expiry))
		w.seen = func(op string, _ token.Key) {
			if op == "delete" {
				time.Sleep(9500 * time.Millisecond)
			}
		}
		go func() {
			_, err := k.Fresh(t.Context(), key)
			matches(t, err, keeper.ErrReauthorize)
		}()
		time.Sleep(time.Second)
		if err := k.Drop(t.Context(), key); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if _, err := w.get("get", key); !errors.Is(err, token.ErrNotFound) {
			t.Errorf("the row came back: %v", err)
		}
		if !w.p.hasRevoked("fake-access-a-1") {
			t.Error("what came was not revoked")
		}
	})
}

// A storage of three methods cannot compare and swap: what is written to it takes turns instead.
func TestWritesTakeTurns(t *testing.T) {
	tests := map[string]func(*world, *keeper.Keeper) error{
		"login": func(w *world, k *keeper.Keeper) error {
			_, err := k.Put(w.t.Context(), key, w.p.login("b"), "")
			return err
		},
		"logout": func(w *world, k *keeper.Keeper) error { return k.Drop(w.t.Context(), key) },
	}
	for name, write := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				k := w.over(three{w.engine})
				first := w.login(k, "a")
				time.Sleep(time.Until(first.Token.Expiry))
				var slow atomic.Int32
				w.delay = func(op string) time.Duration {
					if op == "set" && slow.Add(1) == 1 {
						return 5 * time.Second // between the claim's look and its write
					}
					return 0
				}
				go func() { _, _ = k.Fresh(t.Context(), key) }()
				time.Sleep(time.Second)
				short, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				_, err := k.Put(short, key, w.p.login("c"), "")
				is(t, err, context.DeadlineExceeded)
				if err := write(w, k); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Minute)
				if r, err := w.get("get", key); err == nil && r.Grant == first.Grant {
					t.Error("the old grant is back")
				}
			})
		})
	}
}

func TestLogoutWhileRefreshing(t *testing.T) {
	for _, name := range []string{"versioned", "three methods", "unrevoked"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.p.delay = 10 * time.Second
				s := token.Storage(shared{w.engine})
				if name == "three methods" {
					s = three{w.engine}
				}
				var log bytes.Buffer
				k := w.over(s, func(c *keeper.Config) { c.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
				first := w.login(k, "a")
				time.Sleep(time.Until(first.Token.Expiry))
				go func() {
					_, err := k.Fresh(t.Context(), key)
					matches(t, err, token.ErrNotFound)
				}()
				w.p.revoke = func(n int) error { // what came is revoked at the second try, or it is said that it is not
					if n > 1 && name == "unrevoked" || n == 2 {
						return errNet
					}
					return nil
				}
				time.Sleep(time.Second)
				if err := k.Drop(t.Context(), key); err != nil {
					t.Fatal(err)
				}
				time.Sleep(10 * time.Second)
				synctest.Wait()
				if _, err := w.get("get", key); !errors.Is(err, token.ErrNotFound) {
					t.Errorf("the row came back: %v", err)
				}
				said := strings.Contains(log.String(), "refreshed token not wanted any more, and not revoked")
				if unrevoked := name == "unrevoked"; w.p.hasRevoked("fake-access-a-1") == unrevoked || said != unrevoked {
					t.Errorf("what came: revoked is %v, and the log says:\n%s", !unrevoked, &log)
				}
			})
		})
	}
}

func TestWaitForATurnSaysWhatFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		k := w.over(three{w.engine})
		first := w.login(k, "a")
		time.Sleep(time.Until(first.Token.Expiry))
		w.delay = func(op string) time.Duration {
			if op == "set" {
				return time.Hour
			}
			return 0
		}
		go func() { _, _ = k.Fresh(t.Context(), key) }()
		time.Sleep(time.Second)
		err := k.Drop(t.Context(), key)
		is(t, err, context.DeadlineExceeded)
		var e *token.Error
		if !errors.As(err, &e) || e.Op != "delete" || e.Key != key {
			t.Errorf("got %v", err)
		}
	})
}
