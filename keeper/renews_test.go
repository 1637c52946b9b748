package keeper_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/waltz-oauth/waltz/keeper"
	"github.com/waltz-oauth/waltz/token"
)

// bare is a provider whose tokens come without a refresh token, an hour long, from any number of calls.
type bare struct {
	mu    sync.Mutex
	calls int
}

func (b *bare) Refresh(context.Context, token.Key, *token.Token) (*token.Token, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.calls++
	return b.grant(b.calls), nil
}

func (b *bare) Revoke(context.Context, token.Key, *token.Token) error { return nil }

func (b *bare) grant(n int) *token.Token {
	return &token.Token{AccessToken: fmt.Sprintf("fake-bare-%d", n), Expiry: time.Now().Add(time.Hour)}
}

func TestTokenWithoutARefreshTokenIsRenewedWhereTheProviderSaysSo(t *testing.T) {
	for name, renews := range map[string]bool{"renews": true, "does not": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, b := newWorld(t), new(bare)
				processes := make([]*keeper.Keeper, 3)
				for i := range processes {
					processes[i] = w.process(func(c *keeper.Config) {
						c.Refresher = b
						c.Traits = func(provider string) keeper.Traits {
							return keeper.Traits{Renews: renews && provider == key.Provider}
						}
					})
				}
				if _, err := processes[0].Put(t.Context(), key, b.grant(0), ""); err != nil {
					t.Fatal(err)
				}
				time.Sleep(2 * time.Hour)
				var all sync.WaitGroup
				for i := range 30 {
					all.Go(func() {
						r, err := processes[i%len(processes)].Fresh(t.Context(), key)
						switch {
						case !renews:
							matches(t, err, keeper.ErrReauthorize)
						case err != nil || r.Token.AccessToken != "fake-bare-1":
							t.Errorf("got generation %d, %v", r.Generation, err)
						}
					})
				}
				all.Wait()
				time.Sleep(10 * time.Minute) // older than what is never renewed
				r, err := processes[1].Renew(t.Context(), key, b.grant(b.calls))
				switch {
				case !renews:
					is(t, err, keeper.ErrRejected)
				case err != nil || r.Token.AccessToken != "fake-bare-2" || b.calls != 2:
					t.Errorf("a 401 led to generation %d with %d calls, %v", r.Generation, b.calls, err)
				}
			})
		})
	}
}

// A token that is its own refresh token ends with its expiry: it is renewed long before, and what was in doubt
// is tried again while it lives.
func TestTokenThatIsItsOwnRefreshTokenIsRenewedWhileItLives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const life = 60 * 24 * time.Hour
		w, calls := newWorld(t), 0
		own := func(n int) *token.Token {
			text := fmt.Sprintf("fake-own-%d", n)
			return &token.Token{AccessToken: text, RefreshToken: text, Expiry: time.Now().Add(life)}
		}
		k := w.process(func(c *keeper.Config) {
			c.Refresher = refreshes(func(t *token.Token) (*token.Token, error) {
				if calls++; calls == 1 {
					return nil, &keeper.Failure{Kind: keeper.Doubtful}
				}
				if !time.Now().Before(t.Expiry) {
					return nil, &keeper.Failure{Kind: keeper.Refused, Code: "invalid_grant"}
				}
				return own(calls), nil
			})
		})
		if _, err := k.Put(t.Context(), key, own(0), ""); err != nil {
			t.Fatal(err)
		}
		for range 100 {
			time.Sleep(24 * time.Hour) // somebody comes once a day
			if _, err := k.Fresh(t.Context(), key); err != nil {
				t.Fatalf("after %d calls: %v", calls, err)
			}
		}
		if calls < 3 || calls > 8 {
			t.Errorf("made %d calls in a hundred days", calls)
		}
	})
}

// refreshes is a provider that is a function.
type refreshes func(*token.Token) (*token.Token, error)

func (f refreshes) Refresh(_ context.Context, _ token.Key, t *token.Token) (*token.Token, error) {
	return f(t)
}

func (refreshes) Revoke(context.Context, token.Key, *token.Token) error { return nil }
