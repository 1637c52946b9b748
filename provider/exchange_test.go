package provider_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/waltz-oauth/waltz/provider"
)

// asks keeps what it is asked, and answers with body.
func asks(got *http.Request, form *url.Values, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		*form, _ = url.ParseQuery(string(b))
		*got = *r
		_, _ = io.WriteString(w, body)
	}
}

func TestExchangeSendsWhatTheStandardSays(t *testing.T) {
	t.Parallel()
	const back = "https://app.example/back"
	code := url.Values{"grant_type": {"authorization_code"}, "code": {fakeCode}, "redirect_uri": {back}, "code_verifier": {fakeVerifier}}
	with := func(more url.Values) url.Values {
		all := url.Values{}
		for _, v := range []url.Values{code, more} {
			for name := range v {
				all[name] = v[name]
			}
		}
		return all
	}
	for name, tt := range map[string]struct {
		change func(c *provider.Client)
		form   url.Values
		basic  bool
	}{
		"basic":  {func(*provider.Client) {}, code, true},
		"body":   {func(c *provider.Client) { c.Provider.ClientAuth = provider.Body }, with(url.Values{"client_id": {"fake:id"}, "client_secret": {fakeSecret}}), false},
		"public": {func(c *provider.Client) { c.Secret = "" }, with(url.Values{"client_id": {"fake:id"}}), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got http.Request
			var form url.Values
			c, _ := serve(t, asks(&got, &form, `{"access_token":"a"}`))
			c.ID = "fake:id"
			c.Provider.TokenHeaders = map[string]string{"Accept": "application/json"}
			tt.change(c)
			if _, err := c.Exchange(t.Context(), grant()); err != nil {
				t.Fatal(err)
			}
			if got.Method != http.MethodPost || got.URL.Path != "/token" || form.Encode() != tt.form.Encode() {
				t.Errorf("sent %s %s %v, want %v", got.Method, got.URL, form, tt.form)
			}
			if got.Header.Get("Content-Type") != "application/x-www-form-urlencoded" || got.Header.Get("Accept") != "application/json" {
				t.Errorf("headers %v", got.Header)
			}
			id, secret, basic := got.BasicAuth()
			if basic != tt.basic || basic && (id != url.QueryEscape("fake:id") || secret != url.QueryEscape(fakeSecret)) {
				t.Errorf("basic authentication %t %q", basic, id)
			}
		})
	}
}

func TestNoVerifierGoesToAProviderThatRefusesPKCE(t *testing.T) {
	t.Parallel()
	var got http.Request
	var form url.Values
	c, _ := serve(t, asks(&got, &form, `{"access_token":"a"}`))
	c.Provider.PKCE = provider.NoPKCE
	if _, err := c.Exchange(t.Context(), grant()); err != nil || form.Has("code_verifier") {
		t.Errorf("sent %v, %v", form, err)
	}
}

func TestRefreshSendsWhatTheProviderWants(t *testing.T) {
	t.Parallel()
	var got http.Request
	var form url.Values
	c, _ := serve(t, asks(&got, &form, `{"access_token":"a"}`))
	c.Provider.RefreshURL = strings.Replace(c.Provider.TokenURL, "/token", "/refresh?v=2", 1)
	c.Provider.RefreshParams = map[string]string{"redirect_uri": "{redirect_uri}", "type": "web"}
	next, err := c.Refresh(t.Context(), stored(t, ""))
	want := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {fakeRefresh}, "redirect_uri": {c.RedirectURI}, "type": {"web"}}
	if err != nil || got.URL.String() != "/refresh?v=2" || form.Encode() != want.Encode() {
		t.Errorf("sent %s %v, %v; want %v", got.URL.String(), form, err, want)
	}
	if b, err := json.Marshal(next); err != nil || string(b) != `{"access_token":"a"}` {
		t.Errorf("the answer alone is %s, %v", b, err)
	}
	c.RedirectURI = ""
	if _, err := c.Refresh(t.Context(), stored(t, "")); err != nil || form.Has("redirect_uri") {
		t.Errorf("sent %v, %v", form, err)
	}
}

func TestNothingOfAnAnswerIsLost(t *testing.T) {
	t.Parallel()
	const answer = ` {"access_token":"a","token_type":"bearer","id":12345678901234567890123,"id":2,"nested":{"a":[1.50,null]},"text":"\u00e9\ud83d\ude00","scope":"read","ok":true}` + "\n"
	c, _ := serve(t, says(200, answer))
	for _, call := range []string{"exchange", "refresh"} {
		tok, err := c.Exchange(t.Context(), grant())
		if call == "refresh" {
			tok, err = c.Refresh(t.Context(), stored(t, ""))
		}
		if err != nil {
			t.Fatal(err)
		}
		if b, err := json.Marshal(tok); err != nil || string(b) != strings.TrimSpace(answer) {
			t.Errorf("%s: got %s, %v", call, b, err)
		}
	}
}

func TestBytesThatAreNoTextBecomeText(t *testing.T) {
	t.Parallel()
	c, _ := serve(t, says(http.StatusOK, "{\"access_token\":\"fake\",\"name\":\"a\xffb\"}"))
	tok, err := c.Exchange(t.Context(), grant())
	if err != nil || tok.ExtraString("name") != "a\uFFFDb" {
		t.Errorf("the name is %q, %v", tok.ExtraString("name"), err)
	}
	if raw, err := tok.MarshalJSON(); err != nil || !utf8.Valid(raw) {
		t.Errorf("a storage of text cannot keep it, %v", err)
	}
}

func TestAFormAnswerIsReadByItsContent(t *testing.T) {
	t.Parallel()
	c, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, "access_token=a%2Bb&expires_in=3600&id=12345678901234567890&name=J%C3%BCrgen+X&scope=&token_type=bearer")
	})
	tok, err := c.Exchange(t.Context(), grant())
	if err != nil {
		t.Fatal(err)
	}
	if id, _ := tok.Extra("id"); string(id) != `"12345678901234567890"` || tok.ExtraString("name") != "Jürgen X" {
		t.Errorf("extras are %s and %q", id, tok.ExtraString("name"))
	}
	if in, _ := tok.Extra("expires_in"); string(in) != `"3600"` {
		t.Errorf("expires_in became %s", in)
	}
	if tok.AccessToken != "a+b" || tok.Expiry.IsZero() || len(tok.Scopes) != 0 {
		t.Errorf("got %s with scopes %q", tok, tok.Scopes)
	}
}

func TestExpiryCountsFromTheRequest(t *testing.T) {
	t.Parallel()
	at := time.Date(2001, 9, 9, 1, 46, 40, 0, time.UTC)
	for members, want := range map[string]struct {
		in time.Duration
		at time.Time
	}{
		`,"expires_in":3600`:                           {in: time.Hour},
		`,"expires_in":"3600"`:                         {in: time.Hour},
		`,"expires_in":1.5`:                            {in: 1500 * time.Millisecond},
		`,"expires_in":" 7.25 "`:                       {in: 7250 * time.Millisecond},
		`,"expires_in":3600,"expires_at":1000000000`:   {in: time.Hour},
		`,"expires_in":0,"expires_at":1000000000`:      {at: at},
		`,"expires_in":null,"expires_at":"1000000000"`: {at: at},
		``:                                      {},
		`,"expires_in":0`:                       {},
		`,"expires_in":"0"`:                     {},
		`,"expires_in":null`:                    {},
		`,"expires_in":""`:                      {},
		`,"expires_in":-1`:                      {},
		`,"expires_in":true`:                    {},
		`,"expires_in":[1]`:                     {},
		`,"expires_in":"soon"`:                  {},
		`,"expires_in":"NaN"`:                   {},
		`,"expires_in":"Inf"`:                   {},
		`,"expires_in":1e300`:                   {},
		`,"expires_in":10000000000000000000000`: {},
	} {
		c, _ := serve(t, says(200, `{"access_token":"a"`+members+`}`))
		from := time.Now().Truncate(time.Microsecond)
		tok, err := c.Exchange(t.Context(), grant())
		to := time.Now()
		if err != nil {
			t.Errorf("%s: %v", members, err)
			continue
		}
		if want.in != 0 {
			if tok.Expiry.Before(from.Add(want.in)) || tok.Expiry.After(to.Add(want.in)) || tok.Expiry.Location() != time.UTC {
				t.Errorf("%s: expires %s, want %s after a time from %s to %s", members, tok.Expiry, want.in, from, to)
			}
		} else if !tok.Expiry.Equal(want.at) {
			t.Errorf("%s: expires %s, want %s", members, tok.Expiry, want.at)
		}
	}
}

func TestTheRequestsOwnTimeIsNotAdded(t *testing.T) {
	t.Parallel()
	arrived := make(chan time.Time, 1)
	c, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		arrived <- time.Now()
		_, _ = io.WriteString(w, `{"access_token":"a","expires_in":60}`)
	})
	tok, err := c.Exchange(t.Context(), grant())
	if err != nil || tok.Expiry.After((<-arrived).Add(time.Minute)) {
		t.Errorf("expires %v after the provider said so, %v", tok, err)
	}
}

func TestScopesAreThoseGranted(t *testing.T) {
	t.Parallel()
	for members, want := range map[string][]string{
		``:                              {"read", "write"}, // as asked
		`,"scope":null`:                 {"read", "write"},
		`,"scope":""`:                   nil, // the person unticked all
		`,"scope":"read"`:               {"read"},
		`,"scope":"read,gist"`:          {"read", "gist"},
		`,"scope":" read , gist,"`:      {"read", "gist"},
		`,"scope":["read","write:a b"]`: {"read", "write:a b"},
	} {
		c, _ := serve(t, says(200, `{"access_token":"a"`+members+`}`))
		c.Provider.GrantedSeparator = ","
		tok, err := c.Exchange(t.Context(), grant())
		if err != nil || !slices.Equal(tok.Scopes, want) {
			t.Errorf("%s: got %q, %v, want %q", members, tok.Scopes, err, want)
		}
	}
}

func TestRefreshedScopesNeverExceedThoseGranted(t *testing.T) {
	t.Parallel()
	for members, tt := range map[string]struct {
		answer, had string
		want        []string
	}{
		"fewer": {`,"scope":"read"`, `,"scope":"read write"`, []string{"read"}},
		"more":  {`,"scope":"read admin"`, `,"scope":"read write"`, []string{"read"}},
		"other": {`,"scope":"admin"`, `,"scope":"read"`, nil},
		"none":  {``, `,"scope":"read"`, nil},
		"new":   {`,"scope":"read"`, ``, []string{"read"}},
	} {
		c, _ := serve(t, says(200, `{"access_token":"a","refresh_token":"next"`+tt.answer+`}`))
		next, err := c.Refresh(t.Context(), stored(t, tt.had))
		if err != nil || next.RefreshToken != "next" || !slices.Equal(next.Scopes, tt.want) {
			t.Errorf("%s: got %q, %v, want %q", members, next.Scopes, err, tt.want)
		}
	}
}

func TestATokenIsABearerToken(t *testing.T) {
	t.Parallel()
	for typ, want := range map[string]string{``: "Bearer", `,"token_type":"bearer"`: "bearer", `,"token_type":"BEARER"`: "BEARER", `,"token_type":"token"`: "token"} {
		c, _ := serve(t, says(201, `{"access_token":"a"`+typ+`}`))
		tok, err := c.Exchange(t.Context(), grant())
		if err != nil || tok.TokenType != want {
			t.Errorf("%s: got %v, %v", typ, tok, err)
		}
	}
}
