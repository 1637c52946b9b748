package waltztest_test

import (
	"net/url"
	"slices"
	"testing"

	"github.com/waltz-oauth/waltz/waltztest"
)

func TestSecretsAreAllThatWasIssuedAndSent(t *testing.T) {
	t.Parallel()
	c := newClient(t, waltztest.Config{})
	form := codeGrant(c.login(url.Values{"scope": {"openid"}}))
	got := c.tokens(c.post("/token", form))
	next := c.refresh(got.Refresh)
	all := c.Secrets()
	for name, secret := range map[string]string{
		"client secret": c.ClientSecret, "code": form.Get("code"), "verifier": form.Get("code_verifier"), "access token": got.Access,
		"refresh token": got.Refresh, "ID token": got.ID, "next access token": next.Access, "next refresh token": next.Refresh,
	} {
		if secret == "" || !slices.Contains(all, secret) {
			t.Errorf("the %s is not among the secrets", name)
		}
	}
	if first := waltztest.New(t, waltztest.Config{Public: true}).Secrets(); len(first) != 0 {
		t.Errorf("a public client has the secrets %q before its first login", first)
	}
}
