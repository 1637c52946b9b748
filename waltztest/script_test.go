package waltztest_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz/waltztest"
)

func refreshGrant(token string) url.Values {
	return url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}}
}

func TestScriptedAnswerStandsInForHandling(t *testing.T) {
	t.Parallel()
	c := newClient(t, waltztest.Config{})
	first := c.connect()
	c.Next(waltztest.Refresh,
		waltztest.Answer{Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"7"}}},
		waltztest.Answer{Status: http.StatusOK, Body: `{"error":"slow_down"}`})
	if a := c.post("/token", refreshGrant(first.Refresh)); a.StatusCode != http.StatusTooManyRequests || a.Header.Get("Retry-After") != "7" {
		t.Errorf("%s, Retry-After %q", a.Status, a.Header.Get("Retry-After"))
	}
	if a := c.post("/token", refreshGrant(first.Refresh)); a.StatusCode != http.StatusOK || a.body != `{"error":"slow_down"}` {
		t.Errorf("%s %s", a.Status, a.body)
	}
	c.is(c.refresh(first.Refresh), "") // nothing was spent
}

func TestHandledAnswerIsLostAfterItsEffect(t *testing.T) {
	t.Parallel()
	c := newClient(t, rotating(waltztest.RotateLoosely))
	first := c.connect()
	c.Next(waltztest.Refresh, waltztest.Answer{Status: http.StatusInternalServerError, Handled: true})
	if a := c.post("/token", refreshGrant(first.Refresh)); a.StatusCode != http.StatusInternalServerError || a.body != "" {
		t.Errorf("%s %s", a.Status, a.body)
	}
	c.is(c.refresh(first.Refresh), "invalid_grant")
}

func TestTruncatedAnswerEndsHalfWayAfterItsEffect(t *testing.T) {
	t.Parallel()
	c := newClient(t, rotating(waltztest.RotateLoosely))
	first := c.connect()
	c.Next(waltztest.Refresh, waltztest.Answer{Truncate: true})
	a := c.post("/token", refreshGrant(first.Refresh))
	if a.err == nil || a.body == "" || strings.HasSuffix(a.body, "}") {
		t.Errorf("read %d bytes, error %v", len(a.body), a.err)
	}
	c.is(c.refresh(first.Refresh), "invalid_grant")
}

func TestDroppedConnectionGivesNoAnswer(t *testing.T) {
	t.Parallel()
	for _, handled := range []bool{false, true} {
		c := newClient(t, rotating(waltztest.RotateLoosely))
		first := c.connect()
		c.Next(waltztest.Refresh, waltztest.Answer{Drop: true, Handled: handled})
		r := c.form("/token", refreshGrant(first.Refresh))
		r.SetBasicAuth(c.ClientID, c.ClientSecret)
		if resp, err := c.http.Do(r); err == nil {
			_ = resp.Body.Close()
			t.Errorf("answered %s", resp.Status)
		}
		want := ""
		if handled {
			want = "invalid_grant"
		}
		c.is(c.refresh(first.Refresh), want)
	}
}

func TestDelayedAnswerOutlastsTheClientsPatience(t *testing.T) {
	t.Parallel()
	c := newClient(t, rotating(waltztest.RotateLoosely))
	first := c.connect()
	c.Next(waltztest.Refresh, waltztest.Answer{Delay: time.Hour})
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	r := c.form("/token", refreshGrant(first.Refresh)).WithContext(ctx)
	r.SetBasicAuth(c.ClientID, c.ClientSecret)
	resp, err := c.http.Do(r)
	if err == nil {
		_ = resp.Body.Close()
	}
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
}

func TestAnswersRepeatUntilCleared(t *testing.T) {
	t.Parallel()
	c := newClient(t, waltztest.Config{})
	access := c.connect().Access
	c.Next(waltztest.API, waltztest.Answer{Status: http.StatusBadGateway, Repeat: 1}, waltztest.Answer{Status: http.StatusUnauthorized, Repeat: -1})
	var got []int
	for range 5 {
		got = append(got, c.api(access).StatusCode)
	}
	if want := []int{502, 502, 401, 401, 401}; !slices.Equal(got, want) {
		t.Errorf("answered %v, want %v", got, want)
	}
	c.Clear(waltztest.API)
	c.works(access, true)
}

func TestLogNamesEachRequestAndNoSecret(t *testing.T) {
	t.Parallel()
	c := newClient(t, waltztest.Config{})
	got := c.connect()
	c.refresh(got.Refresh)
	c.refresh(got.Refresh)
	c.works(got.Access, false)
	c.back(c.decide(c.requestOf(c.authorize(nil)), "1001", "deny"))
	c.Next(waltztest.API, waltztest.Answer{Drop: true})
	if resp, err := c.http.Do(c.request(http.MethodGet, "/api/notes", "")); err == nil {
		_ = resp.Body.Close()
	}
	var lines []string
	for _, call := range c.Log() {
		lines = append(lines, strings.TrimSpace(fmt.Sprint(call.Endpoint, " ", call.Method, " ", call.Path, " ", call.Status, " ", call.Error)))
	}
	want := []string{
		"authorize GET /authorize 200",
		"consent POST /consent 303",
		"exchange POST /token 200",
		"refresh POST /token 200",
		"refresh POST /token 400 invalid_grant",
		"api GET /api/user 401 invalid_token",
		"authorize GET /authorize 200",
		"consent POST /consent 303 access_denied",
		"api GET /api/notes 0",
	}
	if !slices.Equal(lines, want) {
		t.Errorf("log:\n%s\nwant:\n%s", strings.Join(lines, "\n"), strings.Join(want, "\n"))
	}
	if all := fmt.Sprintf("%#v", c.Log()); strings.Contains(all, "fake-") {
		t.Error("the log holds a secret")
	}
	if n := c.Calls(waltztest.Refresh); n != 2 {
		t.Errorf("%d refreshes counted", n)
	}
}
