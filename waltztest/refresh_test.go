package waltztest_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz/waltztest"
)

func rotating(r waltztest.Rotation) waltztest.Config {
	return waltztest.Config{Behaviour: waltztest.Behaviour{Rotation: r}}
}

func TestStrictRotationRevokesTheGrantOnReuse(t *testing.T) {
	t.Parallel()
	c := newClient(t, waltztest.Config{})
	first := c.connect()
	second := c.refresh(first.Refresh)
	if second.Refresh == "" || second.Refresh == first.Refresh || second.Access == first.Access {
		t.Fatal("nothing new was issued")
	}
	c.works(second.Access, true)
	other := c.connect()
	c.is(c.refresh(first.Refresh), "invalid_grant")
	c.is(c.refresh(second.Refresh), "invalid_grant")
	c.works(second.Access, false)
	c.works(other.Access, true) // another grant
}

func TestLooseRotationOnlyRefusesReuse(t *testing.T) {
	t.Parallel()
	c := newClient(t, rotating(waltztest.RotateLoosely))
	first := c.connect()
	second := c.refresh(first.Refresh)
	c.is(c.refresh(first.Refresh), "invalid_grant")
	c.works(second.Access, true)
	c.is(c.refresh(second.Refresh), "")
}

func TestRotationOnUseLetsALostAnswerBeAskedForAgain(t *testing.T) {
	t.Parallel()
	c := newClient(t, rotating(waltztest.RotateOnUse))
	first := c.connect()
	lost := c.refresh(first.Refresh)
	second := c.refresh(first.Refresh)
	c.is(second, "")
	c.is(c.refresh(lost.Refresh), "") // whichever answer was kept is good
	c.is(c.refresh(first.Refresh), "invalid_grant")
	c.is(c.refresh(second.Refresh), "invalid_grant") // the grant is revoked
}

func TestNoRotationIssuesNoRefreshToken(t *testing.T) {
	t.Parallel()
	c := newClient(t, rotating(waltztest.RotateNever))
	first := c.connect()
	for range 2 {
		again := c.refresh(first.Refresh)
		c.is(again, "")
		if again.Refresh != "" {
			t.Error("a refresh token was issued")
		}
	}
}

func TestGraceLetsASpentTokenWorkForAWhile(t *testing.T) {
	t.Parallel()
	c := newClient(t, waltztest.Config{Behaviour: waltztest.Behaviour{Grace: time.Hour}})
	first := c.connect()
	c.is(c.refresh(first.Refresh), "")
	c.is(c.refresh(first.Refresh), "")
	c.Behave(func(b *waltztest.Behaviour) { b.Skew = time.Hour })
	c.is(c.refresh(first.Refresh), "invalid_grant")
}

func TestRefreshTokenExpires(t *testing.T) {
	t.Parallel()
	c := newClient(t, waltztest.Config{Behaviour: waltztest.Behaviour{RefreshLifetime: time.Hour}})
	first := c.connect()
	c.Behave(func(b *waltztest.Behaviour) { b.Skew = 59 * time.Minute })
	second := c.refresh(first.Refresh)
	c.is(second, "")
	c.Behave(func(b *waltztest.Behaviour) { b.Skew = 2 * time.Hour })
	c.is(c.refresh(second.Refresh), "invalid_grant")
}

func TestRefreshNarrowsScopesAndNeverWidensThem(t *testing.T) {
	t.Parallel()
	c := newClient(t, waltztest.Config{})
	refresh := func(token, scope string) tokens {
		return c.tokens(c.post("/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}, "scope": {scope}}))
	}
	first := c.connect()
	c.is(refresh(first.Refresh, "read admin"), "invalid_scope")
	second := refresh(first.Refresh, "read") // the refusal spent nothing
	if second.Scope != "read" {
		t.Errorf("scope %q, error %q", second.Scope, second.Error)
	}
	if third := c.refresh(second.Refresh); third.Scope != "read write" {
		t.Errorf("scope %q, error %q", third.Scope, third.Error)
	}
}

func TestParallelRefreshesOfOneTokenSpendItOnce(t *testing.T) {
	t.Parallel()
	c := newClient(t, rotating(waltztest.RotateLoosely))
	first := c.connect()
	const n = 8
	statuses := make(chan int, n)
	for range n {
		r := c.form("/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {first.Refresh}})
		r.SetBasicAuth(c.ClientID, c.ClientSecret)
		go func() {
			status := 0
			if resp, err := c.http.Do(r); err == nil {
				status = resp.StatusCode
				_ = resp.Body.Close()
			}
			statuses <- status
		}()
	}
	winners := 0
	for range n {
		switch status := <-statuses; status {
		case http.StatusOK:
			winners++
		case http.StatusBadRequest:
		default:
			t.Errorf("answered %d", status)
		}
	}
	if winners != 1 || c.Calls(waltztest.Refresh) != n {
		t.Errorf("%d winners of %d calls", winners, c.Calls(waltztest.Refresh))
	}
}
