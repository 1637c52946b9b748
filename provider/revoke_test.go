package provider_test

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"testing"

	"github.com/waltz-oauth/waltz/provider"
)

func TestRevokeEndsTheRefreshTokenFirst(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(*provider.Client)
		more   url.Values
		basic  bool
	}{
		"basic":     {func(*provider.Client) {}, nil, true},
		"body":      {func(c *provider.Client) { c.Provider.ClientAuth = provider.Body }, url.Values{"client_id": {"fake-id"}, "client_secret": {fakeSecret}}, false},
		"public":    {func(c *provider.Client) { c.Secret = "" }, url.Values{"client_id": {"fake-id"}}, false},
		"anonymous": {func(c *provider.Client) { c.Provider.Revocation.Anonymous = true }, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			c, _ := serve(t, func(_ http.ResponseWriter, r *http.Request) {
				b, _ := io.ReadAll(r.Body)
				if _, _, basic := r.BasicAuth(); basic != tt.basic || r.Method != http.MethodPost || r.URL.Path != "/revoke" {
					t.Errorf("%s %s, basic %t", r.Method, r.URL, basic)
				}
				got = append(got, string(b))
			})
			tt.change(c)
			if err := c.Revoke(t.Context(), stored(t, "")); err != nil {
				t.Fatal(err)
			}
			var want []string
			for _, form := range []url.Values{
				{"token": {fakeRefresh}, "token_type_hint": {"refresh_token"}},
				{"token": {fakeAccess}, "token_type_hint": {"access_token"}},
			} {
				for name := range tt.more {
					form[name] = tt.more[name]
				}
				want = append(want, form.Encode())
			}
			if !slices.Equal(got, want) {
				t.Errorf("sent %q, want %q", got, want)
			}
		})
	}
}

func TestGitHubsRevocation(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusNoContent, http.StatusNotFound} {
		c, requests := serve(t, func(w http.ResponseWriter, r *http.Request) {
			b, _ := io.ReadAll(r.Body)
			id, secret, _ := r.BasicAuth()
			if r.Method != http.MethodDelete || r.URL.EscapedPath() != "/applications/fake%2Fid/token" ||
				id != url.QueryEscape("fake/id") || secret != url.QueryEscape(fakeSecret) ||
				r.Header.Get("Content-Type") != "application/json" || string(b) != `{"access_token":"`+fakeAccess+`"}` {
				t.Errorf("%s %s as %q: %s", r.Method, r.URL, id, b)
			}
			w.WriteHeader(status)
		})
		site := c.Provider.Revocation.URL[:len(c.Provider.Revocation.URL)-len("/revoke")]
		c.ID, c.Provider.Revocation = "fake/id", provider.GitHub().Revocation
		c.Provider.Revocation.URL = site + "/applications/{client_id}/token"
		if err := c.Revoke(t.Context(), stored(t, "")); err != nil || requests.Load() != 1 {
			t.Errorf("%v after %d requests", err, requests.Load())
		}
	}
}

func TestRevokeReportsWhatMayStillLive(t *testing.T) {
	t.Parallel()
	const gone, unsupported = `{"error":"invalid_token"}`, `{"error":"unsupported_token_type"}`
	for name, tt := range map[string]struct {
		refresh, access http.HandlerFunc
		kind            provider.Kind
		fails           bool
	}{
		"both gone already":               {says(400, gone), says(400, gone), 0, false},
		"access tokens cannot":            {says(200, ""), says(400, unsupported), 0, false},
		"refresh tokens cannot":           {says(400, unsupported), says(200, ""), provider.Doubtful, true},
		"neither can":                     {says(400, unsupported), says(400, unsupported), provider.Doubtful, true},
		"refresh 503":                     {says(503, ""), says(200, ""), provider.Doubtful, true},
		"access 503":                      {says(200, ""), says(503, ""), provider.Doubtful, true},
		"limited":                         {says(429, ""), says(200, ""), provider.Limited, true},
		"client wrong":                    {says(401, `{"error":"invalid_client"}`), says(200, ""), provider.Misconfigured, true},
		"hung up":                         {raw(""), says(200, ""), provider.Doubtful, true},
		"redirected":                      {says(302, ""), says(200, ""), provider.Doubtful, true},
		"not found, which POST cannot be": {says(404, ""), says(200, ""), provider.Doubtful, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, requests := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if r.FormValue("token_type_hint") == "refresh_token" {
					tt.refresh(w, r)
				} else {
					tt.access(w, r)
				}
			})
			err := c.Revoke(t.Context(), stored(t, ""))
			if requests.Load() != 2 {
				t.Errorf("%d requests, want one a token", requests.Load())
			}
			if !tt.fails {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if e := failed(t, err); e.Op != "revoke" || e.Kind != tt.kind {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestAnAccessTokenThatCannotBeRevokedAloneIsReported(t *testing.T) {
	t.Parallel()
	c, requests := serve(t, says(400, `{"error":"unsupported_token_type"}`))
	err := c.Revoke(t.Context(), stored(t, `,"refresh_token":null`))
	if e := failed(t, err); e.Code != "unsupported_token_type" || requests.Load() != 1 {
		t.Errorf("got %v after %d requests", err, requests.Load())
	}
}

func TestNoWayToRevoke(t *testing.T) {
	t.Parallel()
	c, requests := serve(t, says(200, ""))
	c.Provider.Revocation = provider.Revocation{}
	err := c.Revoke(t.Context(), stored(t, ""))
	if e := failed(t, err); e.Kind != provider.Unsent || !errors.Is(err, errors.ErrUnsupported) || requests.Load() != 0 {
		t.Errorf("got %v after %d requests", err, requests.Load())
	}
}
