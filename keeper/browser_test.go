package keeper_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/waltz-oauth/waltz/keeper"
	"github.com/waltz-oauth/waltz/token"
)

// visitor is a browser whose session has the record of a new grant, put there through k.
func (w *world) visitor(k *keeper.Keeper, name string) (token.Key, token.Record) {
	w.t.Helper()
	key := token.Key{Provider: "example"}
	ctx, c := request(w.t.Context(), token.Key{}, token.Record{})
	if _, err := k.Put(ctx, key, w.p.login(name), ""); err != nil {
		w.t.Fatal(err)
	}
	r, _ := c.get(key)
	return key, r
}

// carries fails the test unless the response of a request sets generation.
func carries(t *testing.T, c *cookie, key token.Key, generation uint64) {
	t.Helper()
	if r, ok := c.get(key); !ok || r.Generation != generation {
		t.Errorf("the response carries %v, want generation %d", r, generation)
	}
}

func TestParallelRequestsOfOneBrowserAllGetTheSuccessor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.p.delay = time.Second
		k := w.over(session{})
		key, old := w.visitor(k, "a")
		time.Sleep(time.Until(old.Token.Expiry))
		var requests sync.WaitGroup
		for n := range 20 { // some during the refresh, some up to a minute after it
			requests.Go(func() {
				time.Sleep(time.Duration(n) * 3 * time.Second)
				ctx, c := request(t.Context(), key, old)
				r, err := k.Fresh(ctx, key)
				w.gets(r, err, 1)
				carries(t, c, key, 1)
			})
			requests.Go(func() {
				ctx, c := request(t.Context(), key, old)
				r, err := k.Fresh(ctx, key)
				w.gets(r, err, 1)
				carries(t, c, key, 1)
			})
		}
		requests.Wait()
		w.calls(1)
	})
}

// A request that needs nothing itself, and was under way while another had the token renewed.
func TestSiblingOfARenewalGetsTheSuccessor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		k := w.over(session{})
		key, old := w.visitor(k, "a")
		time.Sleep(2 * time.Minute)
		ctx, c := request(t.Context(), key, old)
		r, err := k.Renew(ctx, key, old.Token)
		w.good(r, err, 1)
		carries(t, c, key, 1)
		ctx, c = request(t.Context(), key, old)
		r, err = k.Fresh(ctx, key)
		w.good(r, err, 1)
		carries(t, c, key, 1)
		w.calls(1)
	})
}

func TestSessionIsRefreshedWithinTheRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.p.delay = time.Second
		k := w.over(session{})
		key, old := w.visitor(k, "a")
		time.Sleep(time.Until(old.RefreshAt))
		ctx, c := request(t.Context(), key, old)
		r, err := k.Fresh(ctx, key)
		w.good(r, err, 1)
		carries(t, c, key, 1)
	})
}

func TestNothingIsSpentAfterTheResponseHasBegun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		k := w.over(session{})
		key, old := w.visitor(k, "a")

		time.Sleep(time.Until(old.RefreshAt))
		ctx, c := request(t.Context(), key, old)
		c.begin()
		r, err := k.Fresh(ctx, key)
		w.good(r, err, 0) // it is still good

		time.Sleep(time.Until(old.Token.Expiry))
		_, err = k.Fresh(ctx, key)
		is(t, err, token.ErrTooLate)
		w.calls(0)

		ctx, c = request(t.Context(), key, old)
		r, err = k.Fresh(ctx, key)
		w.good(r, err, 1)
		carries(t, c, key, 1)
	})
}

func TestResponseBegunDuringTheRefresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.p.delay = 2 * time.Second
		k := w.over(session{})
		key, old := w.visitor(k, "a")
		time.Sleep(time.Until(old.RefreshAt))
		late, c := request(t.Context(), key, old)
		var requests sync.WaitGroup
		requests.Go(func() {
			_, err := k.Fresh(late, key)
			matches(t, err, token.ErrTooLate)
		})
		requests.Go(func() {
			time.Sleep(time.Second)
			c.begin()
			ctx, c := request(t.Context(), key, old)
			r, err := k.Fresh(ctx, key)
			w.gets(r, err, 1)
			carries(t, c, key, 1)
		})
		requests.Wait()
		_, err := k.Fresh(late, key)
		is(t, err, token.ErrTooLate)
		w.calls(1)
	})
}

func TestLeaderThatDisconnectsStopsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.p.delay = 10 * time.Second
		k := w.over(session{})
		key, old := w.visitor(k, "a")
		time.Sleep(time.Until(old.Token.Expiry))
		leaves, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		ctx, c := request(leaves, key, old)
		_, err := k.Fresh(ctx, key)
		is(t, err, keeper.ErrRefreshInProgress)
		carries(t, c, key, 0)
		ctx, c = request(t.Context(), key, old)
		r, err := k.Fresh(ctx, key)
		w.good(r, err, 1)
		carries(t, c, key, 1)
		w.calls(1)
	})
}

func TestFailuresAreSetOnEveryResponse(t *testing.T) {
	tests := []struct {
		kind  keeper.Kind
		state token.State
	}{{keeper.Limited, token.Active}, {keeper.Doubtful, token.InDoubt}, {keeper.Refused, token.Reauthorize}}
	for _, tt := range tests {
		t.Run(tt.kind.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.p.before = func(int) error { return &keeper.Failure{Kind: tt.kind, Code: "fake"} }
				k := w.over(session{})
				key, old := w.visitor(k, "a")
				time.Sleep(time.Until(old.Token.Expiry))
				for range 5 {
					ctx, c := request(t.Context(), key, old)
					if _, err := k.Fresh(ctx, key); err == nil {
						t.Fatal("no error")
					}
					r, _ := c.get(key)
					if r.State != tt.state || r.Reason != "fake" || tt.kind != keeper.Refused && !r.NotBefore.After(time.Now()) {
						t.Errorf("the response carries %v, reason %q, not before %v", r, r.Reason, r.NotBefore)
					}
					if r.Lease.Attempt != "" {
						t.Error("a lease went to the browser")
					}
				}
				w.calls(1)
			})
		})
	}
}
