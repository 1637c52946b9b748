package keeper_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/waltz-oauth/waltz/token"
)

func TestLoginWhileRefreshing(t *testing.T) {
	for _, name := range []string{"versioned", "three methods"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.p.delay = 10 * time.Second
				s := token.Storage(shared{w.engine})
				if name != "versioned" {
					s = three{w.engine}
				}
				k := w.over(s)
				first := w.login(k, "a")
				time.Sleep(time.Until(first.Token.Expiry))
				go func() {
					r, err := k.Fresh(t.Context(), key)
					w.good(r, err, 0)
				}()
				time.Sleep(time.Second)
				second := w.login(k, "b")
				time.Sleep(10 * time.Second)
				synctest.Wait()
				if r := w.stored(); r.Grant != second.Grant || r.Generation != 0 {
					t.Errorf("the new login was overwritten by %v", r)
				}
				if !w.p.hasRevoked("fake-access-a-1") {
					t.Error("what came for the old grant was not revoked")
				}
			})
		})
	}
}

func TestLogoutWhileRefreshing(t *testing.T) {
	for _, name := range []string{"versioned", "three methods"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.p.delay = 10 * time.Second
				s := token.Storage(shared{w.engine})
				if name != "versioned" {
					s = three{w.engine}
				}
				k := w.over(s)
				first := w.login(k, "a")
				time.Sleep(time.Until(first.Token.Expiry))
				go func() {
					_, err := k.Fresh(t.Context(), key)
					is(t, err, token.ErrNotFound)
				}()
				time.Sleep(time.Second)
				if err := k.Drop(t.Context(), key); err != nil {
					t.Fatal(err)
				}
				time.Sleep(10 * time.Second)
				synctest.Wait()
				if _, err := w.get("get", key); !errors.Is(err, token.ErrNotFound) {
					t.Errorf("the row came back: %v", err)
				}
				if !w.p.hasRevoked("fake-access-a-1") {
					t.Error("what came was not revoked")
				}
			})
		})
	}
}
