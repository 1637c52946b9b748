package provider_test

import (
	"errors"
	"net/http"
	"net/url"
	"testing"

	"github.com/waltz-oauth/waltz/provider"
	"github.com/waltz-oauth/waltz/token"
	"github.com/waltz-oauth/waltz/waltztest"
)

// A token of OAuth 1 revokes itself by a request that it signs.
func TestAnOAuth1TokenRevokesItself(t *testing.T) {
	t.Parallel()
	for name, how := range map[string]provider.Revocation{
		"by its signature": {Bearer: true},
		"with a form":      {Bearer: true, Param: "access_token", Params: map[string]string{"why": "asked for"}},
		"by DELETE":        {Bearer: true, Method: http.MethodDelete},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var why error
			var form url.Values
			var header map[string]string
			var origin string
			c, n := serve(t, func(_ http.ResponseWriter, r *http.Request) {
				_ = r.ParseForm()
				u, _ := url.Parse(origin)
				header, why = waltztest.CheckSignature(r, u, fakeSecret, "fake-token-secret")
				form = r.PostForm
			})
			c.Provider = provider.Provider{
				Name: "fake", AuthorizationURL: c.Provider.AuthorizationURL, RequestTokenURL: c.Provider.TokenURL, TokenURL: c.Provider.TokenURL,
				APIBase: c.Provider.APIBase, Revocation: how,
			}
			origin = c.Provider.APIBase + "revoke"
			c.Provider.Revocation.URL = origin
			if err := c.Provider.Validate(); err != nil {
				t.Fatal(err)
			}
			err := c.Revoke(t.Context(), &token.Token{AccessToken: fakeAccess, Secret: "fake-token-secret"})
			if err != nil || why != nil || n.Load() != 1 || header["oauth_token"] != fakeAccess {
				t.Errorf("after %d calls: %v, %v", n.Load(), err, why)
			}
			if how.Param != "" && (form.Get("access_token") != fakeAccess || form.Get("why") != "asked for") {
				t.Error("the form is another")
			}
		})
	}
}

func TestOAuth1KnowsNoRefreshAndNoMachines(t *testing.T) {
	t.Parallel()
	c, n := serve(t, says(http.StatusOK, `{"access_token":"a"}`))
	c.Provider.RequestTokenURL = c.Provider.TokenURL
	_, refresh := c.Refresh(t.Context(), stored(t, ""))
	_, machine := c.ClientCredentials(t.Context(), nil)
	for _, err := range []error{refresh, machine} {
		if failed(t, err).Kind != provider.Misconfigured || !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("it is %v", err)
		}
	}
	if n.Load() != 0 {
		t.Errorf("%d calls", n.Load())
	}
}

func BenchmarkSign(b *testing.B) {
	c := &provider.Client{ID: "fake-id", Secret: fakeSecret, Provider: provider.Tumblr()}
	tok := &token.Token{AccessToken: fakeAccess, Secret: "fake-token-secret"}
	r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, "https://api.tumblr.com/v2/user/info?limit=20&offset=0", nil)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := c.Sign(r, tok); err != nil {
			b.Fatal(err)
		}
	}
}
