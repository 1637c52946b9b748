package keeper_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/waltz-oauth/waltz/keeper"
	"github.com/waltz-oauth/waltz/token"
)

func TestNewNeedsItsParts(t *testing.T) {
	full := keeper.Config{Storage: newEngine(), Refresher: newProvider()}
	if _, err := keeper.New(full); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]keeper.Config{
		"storage":   {Refresher: full.Refresher},
		"refresher": {Storage: full.Storage},
		"margin":    {Storage: full.Storage, Refresher: full.Refresher, Margin: -1},
		"lease":     {Storage: full.Storage, Refresher: full.Refresher, Lease: -1},
	} {
		if _, err := keeper.New(c); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestKeysThatCouldBeAnybodysAreRefused(t *testing.T) {
	w := newWorld(t)
	site := func(c *keeper.Config) { c.Site = true }
	tests := []struct {
		name string
		k    *keeper.Keeper
		key  token.Key
		want error
	}{
		{"no user", w.process(), token.Key{Provider: "example"}, token.ErrNoUser},
		{"no provider", w.process(site), token.Key{User: "7"}, token.ErrKey},
		{"site", w.process(site), token.Key{Provider: "example"}, token.ErrNotFound},
		{"session", w.over(session{}), token.Key{Provider: "example"}, token.ErrNotFound},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ctx, _ := request(t.Context(), token.Key{}, token.Record{})
			_, err := tt.k.Fresh(ctx, tt.key)
			is(t, err, tt.want)
			_, err = tt.k.Renew(ctx, tt.key, nil)
			is(t, err, tt.want)
			_, err = tt.k.Peek(ctx, tt.key)
			is(t, err, tt.want)
			want := tt.want
			if errors.Is(want, token.ErrNotFound) {
				want = nil
			}
			_, err = tt.k.Put(ctx, tt.key, &token.Token{AccessToken: "fake"}, "")
			is(t, err, want)
			is(t, tt.k.Drop(ctx, tt.key), want)
		})
	}
}

func TestPutStoresANewGrant(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		k := w.process()
		a, err := k.Put(t.Context(), key, w.p.login("a"), "subject")
		if err != nil {
			t.Fatal(err)
		}
		sameRecord(t, a, w.stored())
		if a.Grant == "" || a.Subject != "subject" || !a.RefreshAt.After(time.Now()) || !a.RefreshAt.Before(a.Token.Expiry) {
			t.Errorf("got %v, refresh at %v", a, a.RefreshAt)
		}
		if b := w.login(k, "a"); a.Grant == b.Grant {
			t.Error("two logins are one grant")
		}
		if _, err := k.Put(t.Context(), key, nil, ""); err == nil {
			t.Error("no token, and no error")
		}
		r, err := k.Peek(t.Context(), key)
		if err != nil || r.Token == nil {
			t.Errorf("got %v, %v", r, err)
		}
	})
}

func TestTokenWithoutExpiryIsNeverDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		k := w.process()
		for _, refresh := range []string{"", "fake-refresh"} {
			put, err := k.Put(t.Context(), key, &token.Token{AccessToken: "fake", RefreshToken: refresh}, "")
			if err != nil || !put.RefreshAt.IsZero() {
				t.Fatalf("got %v, %v", put.RefreshAt, err)
			}
			time.Sleep(1000 * time.Hour)
			r, err := k.Fresh(t.Context(), key)
			if err != nil || r.Token.AccessToken != "fake" {
				t.Errorf("got %v, %v", r, err)
			}
		}
		w.calls(0)
	})
}

func TestTokenWithoutRefreshTokenIsServedUntilItExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		k := w.process()
		expiry := time.Now().Add(time.Hour)
		if _, err := k.Put(t.Context(), key, &token.Token{AccessToken: "fake", Expiry: expiry}, ""); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour - time.Microsecond)
		if _, err := k.Fresh(t.Context(), key); err != nil {
			t.Error(err)
		}
		writes := w.writes
		time.Sleep(time.Microsecond)
		for range 3 {
			_, err := k.Fresh(t.Context(), key)
			is(t, err, keeper.ErrReauthorize)
		}
		if w.writes != writes {
			t.Error("each request writes")
		}
	})
}

func TestScheduleLeavesRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newWorld(t).process()
		now := time.Now()
		for _, life := range []time.Duration{
			time.Millisecond, time.Second, 10 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute,
			time.Hour, 24 * time.Hour, 90 * 24 * time.Hour,
		} {
			for range 100 {
				tok := &token.Token{AccessToken: "fake", RefreshToken: "fake", Expiry: now.Add(life)}
				r := token.Record{Token: tok, RefreshAt: keeper.RefreshAt(k, tok, now)}
				if r.RefreshAt.Before(now.Add(life / 2).Truncate(time.Microsecond)) {
					t.Fatalf("life %v: refreshed after %v", life, r.RefreshAt.Sub(now))
				}
				if lead := tok.Expiry.Sub(r.RefreshAt); lead > time.Hour+time.Microsecond {
					t.Fatalf("life %v: refreshed %v ahead", life, lead)
				}
				margin := min(30*time.Second, life/4)
				if end := tok.Expiry.Add(-margin); keeper.Late(k, r, end.Add(-2*time.Microsecond)) || !keeper.Late(k, r, end) {
					t.Fatalf("life %v: the margin is not %v", life, margin)
				}
			}
		}
		dead := &token.Token{AccessToken: "fake", RefreshToken: "fake", Expiry: now.Add(-time.Hour)}
		if at := keeper.RefreshAt(k, dead, now); at.Before(now.Truncate(time.Microsecond)) {
			t.Errorf("refreshed %v before now", now.Sub(at))
		}
	})
}

func TestScheduleIsSpread(t *testing.T) {
	w := newWorld(t)
	k := w.process()
	now := time.Now()
	seen := make(map[time.Time]bool)
	for range 100 {
		seen[keeper.RefreshAt(k, &token.Token{AccessToken: "fake", RefreshToken: "fake", Expiry: now.Add(time.Hour)}, now)] = true
	}
	if len(seen) < 90 {
		t.Errorf("100 tokens come due at %d times", len(seen))
	}
}

// A token that lives for less than the margin is not refreshed by every call.
func TestTokensThatLiveSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.p.life = 8 * time.Second
		k := w.process()
		w.login(k, "a")
		for range 80 {
			if _, err := k.Fresh(t.Context(), key); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			time.Sleep(100 * time.Millisecond)
		}
		if calls := w.p.called(); calls < 1 || calls > 2 {
			t.Errorf("%d calls in 8 seconds", calls)
		}
	})
}

func TestRenew(t *testing.T) {
	type call func(*keeper.Keeper) (token.Record, error)
	setup := func(t *testing.T, age time.Duration) (*world, *keeper.Keeper, token.Record, call) {
		w := newWorld(t)
		k := w.process()
		first := w.login(k, "a")
		time.Sleep(age)
		return w, k, first, func(k *keeper.Keeper) (token.Record, error) { return k.Renew(t.Context(), key, first.Token) }
	}
	t.Run("refreshes once for all", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w, k, _, renew := setup(t, time.Minute)
			w.p.delay = time.Second
			others := []*keeper.Keeper{k, k, w.process(), w.process()}
			done := make(chan bool)
			for _, k := range others {
				go func() {
					r, err := renew(k)
					w.good(r, err, 1)
					done <- true
				}()
			}
			for range others {
				<-done
			}
			w.calls(1)
		})
	})
	t.Run("a young token is not renewed", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w, k, _, renew := setup(t, time.Minute-time.Second)
			_, err := renew(k)
			is(t, err, keeper.ErrRejected)
			w.calls(0)
		})
	})
	t.Run("an API that rejects everything", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w, k, r, _ := setup(t, time.Minute)
			for range 180 { // three minutes
				if got, err := k.Renew(t.Context(), key, r.Token); err == nil {
					r = got
				}
				time.Sleep(time.Second)
			}
			w.calls(3)
		})
	})
	t.Run("what is stored is newer", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w, k, first, renew := setup(t, time.Minute)
			r, err := renew(k)
			w.good(r, err, 1)
			w.stale = map[token.Key]token.Record{key: first}
			r, err = renew(w.process())
			w.good(r, err, 1)
			w.calls(1)
		})
	})
	t.Run("no refresh token", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			k := w.process()
			r, err := k.Put(t.Context(), key, &token.Token{AccessToken: "fake"}, "")
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Hour)
			_, err = k.Renew(t.Context(), key, r.Token)
			is(t, err, keeper.ErrRejected)
			w.calls(0)
		})
	})
	t.Run("in doubt, it does not wait for the expiry", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w, k, _, renew := setup(t, 10*time.Minute)
			w.edit(func(r *token.Record) { r.State = token.InDoubt })
			r, err := renew(k)
			w.good(r, err, 1)
		})
	})
	t.Run("back-off holds", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w, k, _, renew := setup(t, 10*time.Minute)
			w.edit(func(r *token.Record) { r.NotBefore, r.Reason = time.Now().Add(time.Minute), "429" })
			_, err := renew(k)
			failed(t, err, keeper.Limited)
			w.calls(0)
		})
	})
	t.Run("nothing stored", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w, k, _, renew := setup(t, 0)
			if err := k.Drop(t.Context(), key); err != nil {
				t.Fatal(err)
			}
			_, err := renew(w.process())
			is(t, err, token.ErrNotFound)
		})
	})
}

func TestDrop(t *testing.T) {
	unsent := &keeper.Failure{Kind: keeper.Unsent, Err: errNet}
	tests := []struct {
		name   string
		revoke func(n int) error
		tries  int
		want   error
	}{
		{"revoked", nil, 1, nil},
		{"not supported", func(int) error { return errors.ErrUnsupported }, 1, nil},
		{"dead already", func(int) error { return &keeper.Failure{Kind: keeper.Refused} }, 1, nil},
		{"answered at the second try", only(1, unsent), 2, nil},
		{"never answered", func(int) error { return unsent }, 2, keeper.ErrRevoke},
		{"of no kind", func(int) error { return errNet }, 2, keeper.ErrRevoke},
		{"misconfigured", func(int) error { return &keeper.Failure{Kind: keeper.Misconfigured, Err: errNet} }, 1, keeper.ErrRevoke},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.p.revoke = tt.revoke
				k := w.process()
				w.login(k, "a")
				err := k.Drop(t.Context(), key)
				is(t, err, tt.want)
				if tt.want != nil {
					is(t, err, errNet)
				}
				if w.p.tries != tt.tries {
					t.Errorf("%d tries, want %d", w.p.tries, tt.tries)
				}
				if _, err := w.get("get", key); !errors.Is(err, token.ErrNotFound) {
					t.Error("it is still there")
				}
			})
		})
	}
}

func TestDropRevokesWhatWasStoredMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		k := w.process()
		w.login(k, "a")
		w.p.revoke = func(int) error {
			w.p.revoke = nil
			w.edit(func(r *token.Record) {
				r.Generation++
				r.Token = &token.Token{AccessToken: "fake-access-a-1", RefreshToken: "fake-refresh-a-1"}
			})
			return nil
		}
		if err := k.Drop(t.Context(), key); err != nil {
			t.Fatal(err)
		}
		if !w.p.hasRevoked("fake-access-a-1") {
			t.Error("it lives on")
		}
	})
}

func TestDropDeletesWhatCannotBeRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		k := w.process()
		w.login(k, "a")
		w.fail = func(op string, _ token.Record) error {
			if op == "load" {
				return errDown
			}
			return nil
		}
		is(t, k.Drop(t.Context(), key), keeper.ErrRevoke)
		if _, err := w.get("get", key); !errors.Is(err, token.ErrNotFound) {
			t.Error("it is still there")
		}
	})
}

func TestErrorsNameTheKeyAndNoSecret(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.p.before = func(int) error {
			return &keeper.Failure{Kind: keeper.Misconfigured, Code: "invalid_client", Err: errNet}
		}
		k := w.process()
		first := w.login(k, "a")
		time.Sleep(time.Until(first.Token.Expiry))
		_, err := k.Fresh(t.Context(), key)
		var e *token.Error
		if !errors.As(err, &e) || e.Op != "refresh" || e.Key != key {
			t.Errorf("got %#v", err)
		}
		if s := fmt.Sprintf("%v %+v", err, err); strings.Contains(s, "fake-") || !strings.Contains(s, `"invalid_client"`) {
			t.Errorf("got %q", s)
		}
	})
}
