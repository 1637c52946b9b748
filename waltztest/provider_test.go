package waltztest_test

import (
	"errors"
	"net/http"
	"net/url"
	"testing"

	"github.com/waltz-oauth/waltz/provider"
	"github.com/waltz-oauth/waltz/waltztest"
)

// The client of package provider and this server were written apart, from the same standards.
func TestClientAndServerAgree(t *testing.T) {
	t.Parallel()
	s := waltztest.New(t, waltztest.Config{})
	post := waltztest.New(t, waltztest.Config{Behaviour: waltztest.Behaviour{ClientAuth: "client_secret_post"}})
	discovered, err := provider.Discover(t.Context(), nil, s.URL)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		server   *waltztest.Server
		provider provider.Provider
	}{
		"as described":  {s, s.Provider()},
		"as discovered": {s, discovered},
		"secret posted": {post, post.Provider()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := test.provider.Validate(); err != nil {
				t.Fatal(err)
			}
			dance(t, &provider.Client{Provider: test.provider, ID: test.server.ClientID, Secret: test.server.ClientSecret})
		})
	}
}

// dance takes c from login to revocation.
func dance(t *testing.T, c *provider.Client) {
	t.Helper()
	redirectURI, callback := arrivals(t)
	login, err := c.AuthorizationURL(provider.AuthorizationRequest{
		RedirectURI: redirectURI, State: state, Verifier: verifier, Nonce: "fake-nonce", Scopes: []string{"openid", "read"},
	})
	if err != nil {
		t.Fatal(err)
	}
	resp, err := waltztest.NewBrowser().Login(t.Context(), login, "1002", waltztest.Allow)
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil {
		t.Error(err)
	}
	first, err := c.Exchange(t.Context(), provider.Grant{
		Code: (<-callback).Get("code"), RedirectURI: redirectURI, Verifier: verifier, Nonce: "fake-nonce",
	})
	if err != nil {
		t.Fatal(err)
	}
	next, err := c.Refresh(t.Context(), first)
	if err != nil {
		t.Fatal(err)
	}
	who, err := c.Identity(t.Context(), next)
	if err != nil || who.Subject != "1002" || who.Name != "Demo Ben" || who.Email != "ben@example.com" || !who.EmailVerified {
		t.Errorf("subject %q, name %q, e-mail %q, error %v", who.Subject, who.Name, who.Email, err)
	}
	if err := c.Revoke(t.Context(), next); err != nil {
		t.Error(err)
	}
	_, err = c.Refresh(t.Context(), next)
	if failure, ok := errors.AsType[*provider.Error](err); !ok || failure.Kind != provider.Refused || failure.Code != "invalid_grant" {
		t.Errorf("a refresh after the revocation: %v", err)
	}
}

// arrivals is an application's redirect URI, and the queries that came to it.
func arrivals(t *testing.T) (string, <-chan url.Values) {
	t.Helper()
	queries := make(chan url.Values, 1)
	a := serve(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { queries <- r.URL.Query() }))
	return a.URL + "/callback", queries
}
