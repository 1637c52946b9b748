package provider_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/waltz-oauth/waltz/provider"
)

func TestALoginsParametersGoByTheProvidersNames(t *testing.T) {
	t.Parallel()
	c := &provider.Client{ID: "fake-id", Provider: provider.Provider{
		Name: "fake", AuthorizationURL: "https://fake.example/authorize",
		AuthorizationNames: map[string]string{"client_id": "client_key", "scope": "", "nonce": "unused"},
	}}
	address, err := c.AuthorizationURL(provider.AuthorizationRequest{State: "s", Verifier: fakeVerifier, Scopes: []string{"read"}})
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	if q.Get("client_key") != "fake-id" || q.Has("client_id") || q.Has("scope") || q.Has("unused") || q.Get("state") != "s" {
		t.Errorf("asked with %v", q)
	}
}

func TestPlainPKCESendsTheVerifierItself(t *testing.T) {
	t.Parallel()
	c, form := recorded(t, `{"access_token":"a"}`)
	c.Provider.PKCE = provider.Plain
	address, err := c.AuthorizationURL(provider.AuthorizationRequest{State: "s", Verifier: fakeVerifier})
	if err != nil || !strings.Contains(address, "code_challenge="+fakeVerifier) || !strings.Contains(address, "code_challenge_method=plain") {
		t.Errorf("asked at %s, %v", address, err)
	}
	if _, err := c.AuthorizationURL(provider.AuthorizationRequest{State: "s"}); err == nil {
		t.Error("a login without a verifier was let through")
	}
	if _, err := c.Exchange(t.Context(), grant()); err != nil || form().Get("code_verifier") != fakeVerifier {
		t.Errorf("sent %v, %v", form(), err)
	}
}

// recorded is a client of a provider that answers with body, and what it was asked with last.
func recorded(t *testing.T, body string) (c *provider.Client, form func() url.Values) {
	t.Helper()
	var got http.Request
	var sent url.Values
	c, _ = serve(t, asks(&got, &sent, body))
	return c, func() url.Values { return sent }
}

func TestTokenRequestsHaveTheProvidersShape(t *testing.T) {
	t.Parallel()
	c, form := recorded(t, `{"access_token":"a"}`)
	c.Provider.ClientAuth = provider.Body
	c.Provider.TokenParams = map[string]string{"action": "requesttoken"}
	c.Provider.TokenNames = map[string]string{"client_id": "client_key", "redirect_uri": ""}
	want := url.Values{
		"grant_type": {"authorization_code"}, "code": {fakeCode}, "code_verifier": {fakeVerifier}, "action": {"requesttoken"},
		"client_key": {"fake-id"}, "client_secret": {fakeSecret},
	}
	if _, err := c.Exchange(t.Context(), grant()); err != nil || form().Encode() != want.Encode() {
		t.Errorf("sent %v, %v; want %v", form(), err, want)
	}
	want = url.Values{"grant_type": {"refresh_token"}, "refresh_token": {fakeRefresh}, "client_key": {"fake-id"}, "client_secret": {fakeSecret}}
	if _, err := c.Refresh(t.Context(), stored(t, "")); err != nil || form().Encode() != want.Encode() {
		t.Errorf("sent %v, %v; want %v", form(), err, want)
	}
}

func TestTokenRequestsAreJSONWhereTheProviderWantsThat(t *testing.T) {
	t.Parallel()
	var members map[string]string
	var kind string
	c, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		kind = r.Header.Get("Content-Type")
		_ = json.NewDecoder(r.Body).Decode(&members)
		_, _ = io.WriteString(w, `{"access_token":"a"}`)
	})
	c.Provider.TokenJSON = true
	if _, err := c.Exchange(t.Context(), grant()); err != nil || kind != "application/json" || members["code"] != fakeCode {
		t.Errorf("sent %v as %q, %v", members, kind, err)
	}
}

func TestAClientAuthenticatesInTheProvidersWay(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		auth provider.ClientAuth
		want string // the header
	}{
		"secret as user":   {provider.SecretAsUser, "Basic ZmFrZS1jbGllbnQtc2VjcmV0JTJCY2FuYXJ5JTJGMTo="},
		"secret as bearer": {provider.SecretAsBearer, "Bearer " + fakeSecret},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got http.Request
			var form url.Values
			c, _ := serve(t, asks(&got, &form, `{"error":"invalid_grant","error_description":"`+fakeSecret+`"}`))
			c.Provider.ClientAuth = tt.auth
			_, err := c.Exchange(t.Context(), grant())
			if e := failed(t, err); e.Kind != provider.Refused {
				t.Errorf("is %v", e)
			}
			if h := got.Header.Get("Authorization"); h != tt.want || form.Has("client_secret") || form.Has("client_id") {
				t.Errorf("sent %q and %v", h, form)
			}
		})
	}
}

func TestATokenBelowTheTopIsFound(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ at, answer, access, refresh string }{
		"in an object":         {"/authed_user", `{"ok":true,"team":{"id":"T"},"authed_user":{"id":"U","access_token":"a","refresh_token":"r"}}`, "a", "r"},
		"in a list":            {"/data/0", `{"data":[{"access_token":"a","refresh_token":"r"}]}`, "a", "r"},
		"null at the top":      {"/authed_user", `{"access_token":null,"authed_user":{"access_token":"a"}}`, "a", ""},
		"the top comes first":  {"/authed_user", `{"access_token":"bot","authed_user":{"access_token":"a"}}`, "bot", ""},
		"flat in spite of it":  {"/data/0", `{"access_token":"a"}`, "a", ""},
		"nothing of that name": {"/body", `{"data":{"access_token":"a"}}`, "", ""},
		"no such element":      {"/data/7", `{"data":[{"access_token":"a"}]}`, "", ""},
		"no object there":      {"/data", `{"data":17}`, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, _ := recorded(t, tt.answer)
			c.Provider.TokenAt = tt.at
			got, err := c.Exchange(t.Context(), grant())
			if tt.access == "" {
				if failed(t, err).Kind != provider.Doubtful {
					t.Errorf("failed with %v", err)
				}
				return
			}
			if err != nil || got.AccessToken != tt.access || got.RefreshToken != tt.refresh {
				t.Fatalf("got another token, or %v", err)
			}
			if strings.Contains(tt.answer, "team") && got.ExtraString("id") != "U" {
				t.Error("what stands beside the token is lost")
			}
			if _, kept := got.Extra("team"); strings.Contains(tt.answer, "team") && !kept {
				t.Error("what stands at the top is lost")
			}
		})
	}
}

func TestAProviderHasItsOwnWordsForADeadGrant(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		at, dead, body string
		want           provider.Kind
	}{
		"code in a list":     {"/errors/0/errorType", "", `{"errors":[{"errorType":"invalid_grant"}],"success":false}`, provider.Refused},
		"prose for a code":   {"/message", "Invalid refresh token", `{"status":400,"message":"Invalid refresh token"}`, provider.Refused},
		"other prose":        {"/message", "Invalid refresh token", `{"status":400,"message":"missing client id"}`, provider.Doubtful},
		"nothing of its own": {"/message", "", `{"message":""}`, provider.Doubtful},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, _ := serve(t, says(http.StatusBadRequest, tt.body))
			c.Provider.ErrorAt, c.Provider.DeadGrant = tt.at, tt.dead
			_, err := c.Refresh(t.Context(), stored(t, ""))
			if e := failed(t, err); e.Kind != tt.want {
				t.Errorf("is %v", e)
			}
		})
	}
}

func TestTheTokenTravelsAsTheAPIWants(t *testing.T) {
	t.Parallel()
	var got http.Request
	var form url.Values
	for credentials, want := range map[string][2]string{
		"":                       {"Authorization", "Bearer " + fakeAccess},
		"Authorization: OAuth ":  {"Authorization", "OAuth " + fakeAccess},
		"Authorization: ":        {"Authorization", fakeAccess},
		"X-Shop-Token: ":         {"X-Shop-Token", fakeAccess},
		"Authorization: Bearer ": {"Authorization", "Bearer " + fakeAccess},
	} {
		c, _ := serve(t, asks(&got, &form, `{"sub":"1"}`))
		c.Provider.APICredentials = credentials
		c.Provider.APIHeaders = map[string]string{"Client-Id": "{client_id}", "Accept": "application/vnd.fake+json"}
		if err := c.Provider.Validate(); err != nil {
			t.Error(err)
		}
		if _, err := c.Identity(t.Context(), stored(t, "")); err != nil {
			t.Fatal(err)
		}
		if got.Header.Get(want[0]) != want[1] || got.Header.Get("Client-Id") != "fake-id" || got.Header.Get("Accept") != "application/vnd.fake+json" {
			t.Errorf("with %q the headers are %v", credentials, got.Header)
		}
	}
}

func TestAuthorizeLeavesTheProgramsHeadersAlone(t *testing.T) {
	t.Parallel()
	p := provider.Provider{APIHeaders: map[string]string{"Accept": "theirs", "Client-Id": "{client_id}"}}
	h := http.Header{"Accept": {"mine"}, "Authorization": {"mine"}}
	p.Authorize(h, "fake-id", fakeAccess)
	if h.Get("Accept") != "mine" || h.Get("Client-Id") != "fake-id" || h.Get("Authorization") != "Bearer "+fakeAccess {
		t.Error("the headers are others")
	}
}

func TestIdentityIsAskedForInTheProvidersWay(t *testing.T) {
	t.Parallel()
	var got http.Request
	var form url.Values
	c, _ := serve(t, asks(&got, &form, `{"data":{"viewer":{"id":"7"}}}`))
	c.Provider.Userinfo = provider.Userinfo{URL: c.Provider.Userinfo.URL + "/{token.uid}/{token.none}?x=1", ID: "/data/viewer/id"}
	for _, tt := range []struct{ method, body, want string }{
		{"", "", http.MethodGet},
		{http.MethodPost, "", http.MethodPost},
		{"", `{"query":"query { viewer { id } }"}`, http.MethodPost},
	} {
		c.Provider.Userinfo.Method, c.Provider.Userinfo.Body = tt.method, tt.body
		who, err := c.Identity(t.Context(), stored(t, `,"uid":1000000000000000000001`))
		if err != nil || who.Subject != "7" || got.Method != tt.want || got.URL.Path != "/userinfo/1000000000000000000001/" {
			t.Errorf("asked with %s at %s: %+v, %v", got.Method, got.URL, who, err)
		}
		if tt.body != "" && got.Header.Get("Content-Type") != "application/json" {
			t.Errorf("the headers are %v", got.Header)
		}
	}
}

func TestIdentityComesWithTheToken(t *testing.T) {
	t.Parallel()
	c, n := serve(t, says(http.StatusInternalServerError, ""))
	c.Provider.Userinfo = provider.Userinfo{FromToken: true, ID: "/merchant/id"}
	who, err := c.Identity(t.Context(), stored(t, `,"merchant":{"id":12345678901234567890},"id_token":"fake-id-token"`))
	if err != nil || who.Subject != "12345678901234567890" || n.Load() != 0 {
		t.Errorf("%+v, %v, after %d calls", who, err, n.Load())
	}
	if strings.Contains(string(who.Raw), "fake-") {
		t.Error("a secret is in the account's description")
	}
}

func TestATokenRevokesItself(t *testing.T) {
	t.Parallel()
	var got http.Request
	var form url.Values
	for _, tt := range []struct {
		how  provider.Revocation
		want url.Values
	}{
		{provider.Revocation{Bearer: true}, url.Values{}},
		{provider.Revocation{Bearer: true, Param: "access_token"}, url.Values{"access_token": {fakeAccess}}},
		{provider.Revocation{Bearer: true, Params: map[string]string{"why": "asked"}}, url.Values{"why": {"asked"}}},
	} {
		c, n := serve(t, asks(&got, &form, `{"ok":true}`))
		tt.how.URL = c.Provider.APIBase + "revoke"
		c.Provider.Revocation = tt.how
		if err := c.Revoke(t.Context(), stored(t, "")); err != nil || n.Load() != 1 {
			t.Errorf("%d calls, %v", n.Load(), err)
		}
		if got.Header.Get("Authorization") != "Bearer "+fakeAccess || form.Encode() != tt.want.Encode() || got.Method != http.MethodPost {
			t.Errorf("sent %s with %v, want %v", got.Method, form, tt.want)
		}
	}
}

func TestARevocationThatIsRefusedWithStatus200IsAFailure(t *testing.T) {
	t.Parallel()
	c, _ := serve(t, says(http.StatusOK, `{"ok":false,"error":"internal_error"}`))
	if e := failed(t, c.Revoke(t.Context(), stored(t, ""))); e.Code != "internal_error" {
		t.Errorf("failed with %v", e)
	}
}
