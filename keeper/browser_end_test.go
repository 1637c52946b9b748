package keeper_test

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/waltz-oauth/waltz/keeper"
	"github.com/waltz-oauth/waltz/token"
)

func TestSessionLoginWhileRefreshing(t *testing.T) {
	for _, tt := range []struct {
		name, subject string
		revoked       bool
	}{{"same account", "x", false}, {"another account", "y", true}} {
		t.Run(tt.name, func(t *testing.T) { sessionLogin(t, tt.subject, tt.revoked) })
	}
}

// sessionLogin has subject log in where x is logged in and being refreshed.
func sessionLogin(t *testing.T, subject string, revoked bool) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.p.delay = 10 * time.Second
		k := w.over(session{})
		key, old := w.visitor(k, "a")
		old.Subject = "x"
		time.Sleep(time.Until(old.Token.Expiry))
		var requests sync.WaitGroup
		requests.Go(func() {
			ctx, c := request(t.Context(), key, old)
			_, err := k.Fresh(ctx, key)
			matches(t, err, token.ErrNotFound)
			carries(t, c, key, 0)
		})
		time.Sleep(time.Second)
		ctx, c := request(t.Context(), key, old)
		put, err := k.Put(ctx, key, w.p.login("b"), subject)
		if err != nil {
			t.Fatal(err)
		}
		requests.Wait()
		synctest.Wait()
		if r, _ := c.get(key); r.Grant != put.Grant {
			t.Error("the new login is gone")
		}
		time.Sleep(2 * time.Second) // for the revocation
		if w.p.hasRevoked("fake-access-a-1") != revoked {
			t.Errorf("what came for the old grant: revoked is %v, want %v", !revoked, revoked)
		}
	})
}

func TestSessionLogoutWhileRefreshing(t *testing.T) {
	t.Run("with a grant", func(t *testing.T) { sessionLogout(t, func(*token.Record) {}) })
	t.Run("of a record that was written without one", func(t *testing.T) {
		sessionLogout(t, func(r *token.Record) { r.Grant = "" })
	})
}

func sessionLogout(t *testing.T, change func(*token.Record)) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.p.delay = 10 * time.Second
		k := w.over(session{})
		key, old := w.visitor(k, "a")
		change(&old)
		time.Sleep(time.Until(old.Token.Expiry))
		var requests sync.WaitGroup
		requests.Go(func() {
			ctx, _ := request(t.Context(), key, old)
			_, err := k.Fresh(ctx, key)
			matches(t, err, token.ErrNotFound)
		})
		time.Sleep(time.Second)
		ctx, c := request(t.Context(), key, old)
		if err := k.Drop(ctx, key); err != nil {
			t.Fatal(err)
		}
		if _, ok := c.get(key); ok {
			t.Error("the session still has it")
		}
		requests.Wait()
		time.Sleep(2 * time.Second)
		if !w.p.hasRevoked("fake-access-a-1") {
			t.Error("what came was not revoked")
		}
		ctx, _ = request(t.Context(), key, old) // a request that was under way
		_, err := k.Fresh(ctx, key)
		is(t, err, token.ErrNotFound)
	})
}

func TestMemoryOfSessionsIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		k := w.over(session{})
		const many, most = 100, 50
		keeper.Remember(k, most)
		olds := make([]token.Record, many)
		var key token.Key
		for n := range olds {
			key, olds[n] = w.visitor(k, fmt.Sprintf("v%d", n))
		}
		time.Sleep(time.Hour)
		for _, old := range olds {
			ctx, c := request(t.Context(), key, old)
			r, err := k.Fresh(ctx, key)
			w.good(r, err, 1)
			carries(t, c, key, 1)
		}
		w.calls(many)
		if n := keeper.Sessions(k); n > most {
			t.Errorf("%d sessions are remembered", n)
		}
		time.Sleep(2 * time.Minute)
		ctx, _ := request(t.Context(), key, olds[0])
		_, _ = k.Fresh(ctx, key)
		if n := keeper.Sessions(k); n != 1 {
			t.Errorf("%d sessions are remembered two minutes later", n)
		}
	})
}

// A refresh has its session even when so many others came that the memory forgot it.
func TestRefreshOutlivesTheMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		k := w.over(session{})
		keeper.Remember(k, 10)
		key, slow := w.visitor(k, "slow")
		olds := make([]token.Record, 20)
		for n := range olds {
			_, olds[n] = w.visitor(k, fmt.Sprintf("v%d", n))
		}
		time.Sleep(time.Hour)
		w.p.delay = 10 * time.Second
		var requests sync.WaitGroup
		requests.Go(func() {
			ctx, c := request(t.Context(), key, slow)
			r, err := k.Fresh(ctx, key)
			w.gets(r, err, 1)
			carries(t, c, key, 1)
		})
		time.Sleep(time.Second)
		w.p.slow(0)
		for _, old := range olds {
			ctx, _ := request(t.Context(), key, old)
			_, _ = k.Fresh(ctx, key)
		}
		requests.Wait()
		if w.p.hasRevoked("fake-access-slow-1") {
			t.Error("it was taken for a logout")
		}
	})
}

func TestSuccessorIsSetThoughTheMemoryIsFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		k := w.over(session{})
		keeper.Remember(k, 0)
		key, old := w.visitor(k, "a")
		time.Sleep(time.Until(old.Token.Expiry))
		ctx, c := request(t.Context(), key, old)
		r, err := k.Fresh(ctx, key)
		w.good(r, err, 1)
		carries(t, c, key, 1)
	})
}

func TestMemoryOfSessionsIsShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.p.lenient = true
		k := w.over(session{})
		key, old := w.visitor(k, "a")
		time.Sleep(time.Until(old.Token.Expiry))
		for call := range 2 {
			ctx, _ := request(t.Context(), key, old)
			r, err := k.Fresh(ctx, key)
			w.good(r, err, 1)
			w.calls(call + 1)
			time.Sleep(time.Minute + time.Second)
		}
	})
}

func TestSessionLogoutRevokesTheNewest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		k := w.over(session{})
		key, old := w.visitor(k, "a")
		time.Sleep(time.Until(old.Token.Expiry))
		ctx, _ := request(t.Context(), key, old)
		r, err := k.Fresh(ctx, key)
		w.good(r, err, 1)
		ctx, _ = request(t.Context(), key, old)
		if err := k.Drop(ctx, key); err != nil {
			t.Fatal(err)
		}
		if !w.p.hasRevoked("fake-access-a-1") {
			t.Error("the successor lives on")
		}
	})
}

func TestLoginThatCannotBeKeptEndsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		k := w.over(session{})
		key, old := w.visitor(k, "a")
		ctx, c := request(t.Context(), key, old)
		c.begin()
		_, err := k.Put(ctx, key, w.p.login("b"), "")
		is(t, err, token.ErrTooLate)
		ctx, _ = request(t.Context(), key, old)
		r, err := k.Fresh(ctx, key)
		w.good(r, err, 0)
	})
}

// Nothing was refreshed before the login, so the session is not in memory.
func TestSiblingOfALoginBringsNothingBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		k := w.over(session{})
		key, old := w.visitor(k, "a")
		time.Sleep(time.Until(old.Token.Expiry))
		ctx, _ := request(t.Context(), key, old)
		if _, err := k.Put(ctx, key, w.p.login("b"), ""); err != nil {
			t.Fatal(err)
		}
		ctx, c := request(t.Context(), key, old) // was on its way
		_, err := k.Fresh(ctx, key)
		is(t, err, token.ErrNotFound)
		w.calls(0)
		if c.sets != 0 {
			t.Error("the old grant was set again")
		}
	})
}
