package keeper_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/waltz-oauth/waltz/keeper"
	"github.com/waltz-oauth/waltz/token"
)

// picky is a provider that will not know the application where some users are concerned.
type picky struct {
	*provider
	refuses map[string]bool
	calls   map[string]int // by user
}

func (p picky) Refresh(ctx context.Context, key token.Key, t *token.Token) (*token.Token, error) {
	p.mu.Lock()
	p.calls[key.User]++
	refused := p.refuses[key.User]
	p.mu.Unlock()
	if refused {
		return nil, &keeper.Failure{Kind: keeper.Misconfigured, Code: "unauthorized_client"}
	}
	return p.provider.Refresh(ctx, key, t)
}

func TestBrakes(t *testing.T) {
	setup := func(t *testing.T, refuses ...string) (picky, func(user string) error) {
		w := newWorld(t)
		p := picky{w.p, make(map[string]bool), make(map[string]int)}
		for _, user := range refuses {
			p.refuses[user] = true
		}
		k := w.process(func(c *keeper.Config) { c.Refresher = p })
		for n := range 9 {
			user := fmt.Sprint(n)
			if _, err := k.Put(t.Context(), token.Key{Provider: "example", User: user}, w.p.login(user), ""); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(2 * time.Hour)
		return p, func(user string) error {
			_, err := k.Fresh(t.Context(), token.Key{Provider: "example", User: user})
			return err
		}
	}
	t.Run("what one person meets is that person's", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			_, fresh := setup(t, "0", "1")
			for user := range 7 {
				failed(t, fresh(fmt.Sprint(user%2)), keeper.Misconfigured)
				is(t, fresh(fmt.Sprint(user+2)), nil)
			}
		})
	})
	t.Run("it is not asked for again and again", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			p, fresh := setup(t, "0")
			for user := range 9 {
				failed(t, fresh("0"), keeper.Misconfigured)
				if user > 0 {
					is(t, fresh(fmt.Sprint(user)), nil)
				}
			}
			if p.calls["0"] != 1 {
				t.Errorf("%d calls at once for a user whom nothing helps", p.calls["0"])
			}
			time.Sleep(10 * time.Second)
			p.refuses["0"] = false
			is(t, fresh("0"), nil)
		})
	})
	t.Run("what two meet is everybody's", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			p, fresh := setup(t, "0", "1", "2", "3", "4", "5", "6", "7", "8")
			for range 60 {
				for n := range 9 {
					failed(t, fresh(fmt.Sprint(n)), keeper.Misconfigured)
				}
				time.Sleep(time.Second)
			}
			calls := 0
			for _, n := range p.calls {
				calls += n
			}
			if calls > 8 {
				t.Errorf("%d calls in a minute", calls)
			}
			clear(p.refuses)
			time.Sleep(10 * time.Second)
			for n := range 9 {
				is(t, fresh(fmt.Sprint(n)), nil)
			}
		})
	})
	t.Run("ahead of the expiry the storage is left alone too", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			w.p.before = func(int) error { return &keeper.Failure{Kind: keeper.Misconfigured} }
			k := w.process()
			first := w.login(k, "a")
			time.Sleep(time.Until(first.RefreshAt))
			loads := 0
			w.seen = func(op string, _ token.Key) {
				if op == "load" {
					loads++
				}
			}
			for range 9 {
				r, err := k.Fresh(t.Context(), key)
				w.good(r, err, 0)
				synctest.Wait()
			}
			w.calls(1)
			if loads != 1 {
				t.Errorf("%d loads", loads)
			}
		})
	})
}
