package waltztest_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz/waltztest"
)

func TestAPIDemandsTheToken(t *testing.T) {
	t.Parallel()
	c := newClient(t, waltztest.Config{})
	good := c.connect().Access
	for name, test := range map[string]struct {
		header string
		want   int
		says   string // in WWW-Authenticate
	}{
		"good":             {"Bearer " + good, http.StatusOK, ""},
		"scheme in lower":  {"bearer " + good, http.StatusOK, ""},
		"nothing":          {"", http.StatusUnauthorized, `Bearer realm="waltztest"`},
		"empty":            {"Bearer ", http.StatusUnauthorized, `Bearer realm="waltztest"`},
		"another scheme":   {"Basic " + good, http.StatusUnauthorized, `Bearer realm="waltztest"`},
		"an unknown token": {"Bearer fake-access-X", http.StatusUnauthorized, `error="invalid_token"`},
	} {
		for _, path := range []string{"/api/user", "/api/notes", "/userinfo"} {
			r := c.request(http.MethodGet, path, "")
			r.Header.Set("Authorization", test.header)
			a := c.send(r)
			says := a.Header.Get("WWW-Authenticate")
			if a.StatusCode != test.want || !strings.Contains(says, test.says) {
				t.Errorf("%s at %s: %s, %q", name, path, a.Status, says)
			}
			if !strings.Contains(test.says, "error") && strings.Contains(says, "error") { // RFC 6750 section 3.1
				t.Errorf("%s at %s: %q", name, path, says)
			}
		}
	}
}

func TestAccessTokenExpires(t *testing.T) {
	t.Parallel()
	c := newClient(t, waltztest.Config{})
	got := c.connect()
	c.Behave(func(b *waltztest.Behaviour) { b.Skew = 59 * time.Minute })
	c.works(got.Access, true)
	c.Behave(func(b *waltztest.Behaviour) { b.Skew = time.Hour })
	c.works(got.Access, false)
}

func TestExpireAllLeavesRefreshTokens(t *testing.T) {
	t.Parallel()
	c := newClient(t, waltztest.Config{})
	got := c.connect()
	c.ExpireAll()
	c.works(got.Access, false)
	got = c.refresh(got.Refresh)
	c.works(got.Access, true)
}

func TestRevokeAllLeavesNothing(t *testing.T) {
	t.Parallel()
	c := newClient(t, waltztest.Config{})
	got := c.connect()
	c.RevokeAll()
	c.works(got.Access, false)
	c.is(c.refresh(got.Refresh), "invalid_grant")
}

func TestAPISaysWhoIsAsking(t *testing.T) {
	t.Parallel()
	c := newClient(t, waltztest.Config{})
	if a := c.api(c.connect().Access); a.body != `{"email":"ada@example.com","id":"1001","name":"Demo Ada"}` {
		t.Errorf("got %s", a.body)
	}
}

func TestAPIEchoesAndRedirects(t *testing.T) {
	t.Parallel()
	c := newClient(t, waltztest.Config{})
	access := c.connect().Access
	r := c.request(http.MethodPost, "/api/notes", `{"text":"hello"}`)
	r.Header.Set("Authorization", "Bearer "+access)
	if a := c.send(r); a.StatusCode != http.StatusCreated || a.body != `{"text":"hello"}` {
		t.Errorf("POST: %s %s", a.Status, a.body)
	}
	for _, to := range []string{"user", "/api/user", "https://other.example/file"} {
		r := c.request(http.MethodGet, "/api/redirect?to="+to, "")
		r.Header.Set("Authorization", "Bearer "+access)
		if a := c.send(r); a.StatusCode != http.StatusFound || a.Header.Get("Location") != to {
			t.Errorf("to %s: %s, Location %q", to, a.Status, a.Header.Get("Location"))
		}
	}
}
