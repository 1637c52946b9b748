package e2e

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz"
	"github.com/waltz-oauth/waltz/provider"
	"github.com/waltz-oauth/waltz/token"
)

// What follows goes the way of a person and their token, over each storage, with a server that
// rotates refresh tokens strictly.

func TestLoginStoresTheToken(t *testing.T) {
	onEach(t, func(t *testing.T, si *site) {
		r := si.login(t, time.Hour)
		switch tok := r.Token; {
		case tok.AccessToken == "" || tok.RefreshToken == "" || tok.ExtraString("id_token") == "":
			t.Errorf("an access, a refresh and an ID token were to be stored, got %v", tok)
		case !slices.Equal(slices.Sorted(slices.Values(tok.Scopes)), []string{"email", "offline_access", "openid", "profile"}):
			t.Errorf("scopes are %q", tok.Scopes)
		case time.Until(tok.Expiry) <= 0:
			t.Errorf("expiry is %v", tok.Expiry)
		}
		if si.storage != nil {
			got, err := si.storage.Get(t.Context(), token.Key{Provider: "op", User: user})
			if err != nil || got.Token.AccessToken != r.Token.AccessToken {
				t.Errorf("the storage has %v, %v", got, err)
			}
		}
		if verifier := si.issuer.form("authorization_code").Get("code_verifier"); len(verifier) < 43 {
			t.Errorf("the verifier has %d characters, want 43 at least (RFC 7636 section 4.1)", len(verifier))
		}
		si.wantAPI(t)
	})
}

func TestIdentityIsTheAccount(t *testing.T) {
	onEach(t, func(t *testing.T, si *site) {
		si.login(t, time.Hour)
		var id provider.Identity
		var err error
		si.with(t, func(ctx context.Context) { id, err = si.consumer.Identity(ctx) })
		if err != nil || id.Subject != subject || id.Email != email || !id.EmailVerified || id.Name != "Test User" {
			t.Errorf("identity is %+v, %v", id, err)
		}
	})
}

func TestExpiredTokenIsRefreshedAndStored(t *testing.T) {
	onEach(t, func(t *testing.T, si *site) {
		before := si.loginExpired(t)
		for range 2 { // the second time with what the first has stored
			si.wantAPI(t)
		}
		after := si.stored(t)
		switch {
		case si.issuer.count("refresh_token") != 1:
			t.Errorf("%d refreshes, want 1", si.issuer.count("refresh_token"))
		case after.Grant != before.Grant || after.Generation != before.Generation+1:
			t.Errorf("generation went from %d to %d", before.Generation, after.Generation)
		case after.Token.RefreshToken == before.Token.RefreshToken || after.Token.RefreshToken == "":
			t.Error("the rotated refresh token was not stored")
		case after.Token.ExtraString("id_token") == "":
			t.Error("the ID token is gone")
		}
	})
}

// A chain of refreshes holds only if each successor was stored before it was used.
func TestRotatedRefreshTokensAreUsedOnceEach(t *testing.T) {
	const life = 4500 * time.Millisecond // a token that came less than three seconds ago is not refreshed again
	onEach(t, func(t *testing.T, si *site) {
		r := si.login(t, life)
		si.issuer.storage.live(life)
		for range 3 {
			time.Sleep(time.Until(r.Token.Expiry))
			if p := si.api(t); p.status != http.StatusOK {
				t.Fatalf("the API answered %d: %s", p.status, p.body)
			}
			r = si.stored(t)
		}
		if n := si.issuer.count("refresh_token"); n != 3 || r.Generation != 3 {
			t.Errorf("%d refreshes, generation %d, want 3 and 3", n, r.Generation)
		}
	})
}

func TestTwentyParallelRequestsRefreshOnce(t *testing.T) {
	onEach(t, func(t *testing.T, si *site) {
		si.loginExpired(t)
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				if p := si.api(t); p.status != http.StatusOK {
					t.Errorf("the API answered %d: %s", p.status, p.body)
				}
			})
		}
		all.Wait()
		si.wantAPI(t)
		if n := si.issuer.count("refresh_token"); n != 1 {
			t.Errorf("%d refreshes, want 1", n)
		}
	})
}

// A browser may send the cookie it had for a while yet, since answers come in any order.
func TestTwentyRequestsInTurnWithOneOldCookieRefreshOnce(t *testing.T) {
	onEach(t, func(t *testing.T, si *site) {
		si.loginExpired(t)
		for range 20 {
			late := si.person.twin(t, si.URL)
			if p := late.get(t, si.URL+"/api"); p.status != http.StatusOK {
				t.Errorf("the API answered %d: %s", p.status, p.body)
			}
			if p := late.get(t, si.URL+"/api"); p.status != http.StatusOK { // with what it was given, if anything
				t.Errorf("the API answered %d the second time: %s", p.status, p.body)
			}
		}
		if n := si.issuer.count("refresh_token"); n != 1 {
			t.Errorf("%d refreshes, want 1", n)
		}
	})
}

func TestDisconnectRevokesAndDeletes(t *testing.T) {
	onEach(t, func(t *testing.T, si *site) {
		was := si.login(t, time.Hour).Token
		p := si.person.post(t, si.URL+"/login/op/disconnect", nil)
		if p.status != http.StatusOK || p.body != "home" {
			t.Fatalf("disconnecting ended at %s with %d: %s", p.url.Path, p.status, p.body)
		}
		si.wantNoToken(t)
		if status := si.issuer.userinfo(t, was.AccessToken); status == http.StatusOK {
			t.Error("the access token lives on")
		}
		p = si.person.post(t, si.issuer.URL+"/oauth/token", url.Values{
			"grant_type": {"refresh_token"}, "refresh_token": {was.RefreshToken},
			"client_id": {clientID}, "client_secret": {clientSecret},
		})
		if !strings.Contains(p.body, "invalid_grant") {
			t.Errorf("the refresh token got %d, want invalid_grant", p.status)
		}
	})
}

func TestDenialIsAClearOutcome(t *testing.T) {
	onEach(t, func(t *testing.T, si *site) {
		p := si.person.answer(t, si.person.get(t, si.loginURL()), "deny")
		wantPage(t, p, http.StatusForbidden, "Not connected", "The person said no.")
		if err := si.lastFailure(t); !errors.Is(err, waltz.ErrDenied) {
			t.Errorf("the program was told %v, want ErrDenied", err)
		}
		if n := si.issuer.count("authorization_code"); n != 0 {
			t.Errorf("%d exchanges, want none", n)
		}
		si.wantNoToken(t)
	})
}

func TestTwoTabsFinishTheirLogins(t *testing.T) {
	onEach(t, func(t *testing.T, si *site) {
		first, second := si.person.get(t, si.loginURL()), si.person.get(t, si.loginURL())
		for _, tab := range []page{second, first} {
			if p := si.person.answer(t, tab, "allow"); p.status != http.StatusOK || p.body != "home" {
				t.Errorf("the login ended at %s with %d: %s", p.url.Path, p.status, p.body)
			}
		}
		si.wantAPI(t)
	})
}

func TestAnotherBrowserOfTheUserSeesWhatIsNotInTheSession(t *testing.T) {
	onEach(t, func(t *testing.T, si *site) {
		si.login(t, time.Hour)
		si.person = newPerson(t)
		if si.storage == nil {
			si.wantNoToken(t)
		} else {
			si.wantAPI(t)
		}
	})
}

// wantPage checks what a person is shown.
func wantPage(t *testing.T, p page, status int, texts ...string) {
	t.Helper()
	if p.status != status {
		t.Errorf("%s answered %d, want %d", p.url.Path, p.status, status)
	}
	for _, text := range texts {
		if !strings.Contains(p.body, text) {
			t.Errorf("%s does not say %q:\n%s", p.url.Path, text, p.body)
		}
	}
}
