package waltz_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/waltz-oauth/waltz"
	"github.com/waltz-oauth/waltz/provider"
	"github.com/waltz-oauth/waltz/storage/memstore"
	"github.com/waltz-oauth/waltz/token"
	"github.com/waltz-oauth/waltz/waltztest"
)

// TestRelativeRequestsGoWhereTheTokenSays has Salesforce, whose API is at a host that each token names.
func TestRelativeRequestsGoWhereTheTokenSays(t *testing.T) {
	t.Parallel()
	p := provider.Salesforce("")
	fake := waltztest.Impersonate(t, p)
	app, err := waltz.New(waltz.Config{Secret: "fake-secret-of-32-bytes-or-more-0123456789", Storage: memstore.New(), Site: true, HTTPClient: fake.HTTPClient()})
	if err != nil {
		t.Fatal(err)
	}
	c, err := app.Register(waltz.Registration{Provider: p, ClientID: fake.ClientID, ClientSecret: fake.ClientSecret})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Client(t.Context()).Get("/services/data"); !errors.Is(err, waltz.ErrNoToken) {
		t.Errorf("without a token: %v", err)
	}
	for named, host := range map[string]string{
		`"https://own.my.salesforce.com"`: "own.my.salesforce.com",
		`"https://evil.example"`:          "",
		`"http://own.my.salesforce.com"`:  "",
		`""`:                              "",
	} {
		tok := new(token.Token)
		if err := tok.UnmarshalJSON([]byte(`{"access_token":"fake-access","instance_url":` + named + `}`)); err != nil {
			t.Fatal(err)
		}
		if err := c.Save(t.Context(), tok); err != nil {
			t.Fatal(err)
		}
		resp, err := c.Client(t.Context()).Get("/services/data?x=1")
		switch {
		case host == "" && err == nil:
			_ = resp.Body.Close()
			t.Errorf("%s: a request went to %s", named, resp.Request.URL.Host)
		case host == "":
			if strings.Contains(err.Error(), "fake-access") {
				t.Error("the token is in the error")
			}
		case err != nil:
			t.Error(err)
		default:
			_ = resp.Body.Close()
			if resp.Request.URL.Host != host || resp.StatusCode != http.StatusUnauthorized { // of a token that was not granted there
				t.Errorf("%s: %s from %s", named, resp.Status, resp.Request.URL)
			}
		}
	}
}
