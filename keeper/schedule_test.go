package keeper_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/waltz-oauth/waltz/keeper"
	"github.com/waltz-oauth/waltz/token"
)

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
				tok := &token.Token{AccessToken: "fake-access", RefreshToken: "fake-refresh", Expiry: now.Add(life)}
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

// A clock that is ahead, or an expiry that is wrong, makes each answer arrive expired.
func TestAnswersThatArriveExpired(t *testing.T) {
	for _, name := range []string{"as stored", "with stale caches"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				processes := []*keeper.Keeper{w.process(), w.process()}
				first := w.login(processes[0], "a")
				time.Sleep(time.Until(first.Token.Expiry))
				w.p.life = -time.Minute
				if name != "as stored" {
					w.stale = map[token.Key]token.Record{key: w.stored()}
				}
				for n := range 20 {
					r, err := processes[n%2].Fresh(t.Context(), key)
					w.good(r, err, 1)
				}
				w.calls(1)
				time.Sleep(3 * time.Second)
				r, err := processes[0].Fresh(t.Context(), key)
				w.good(r, err, 2)
			})
		})
	}
}
