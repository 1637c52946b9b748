package provider_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/waltz-oauth/waltz/provider"
	"github.com/waltz-oauth/waltz/token"
)

func tokenOf(t *testing.T, members string) *token.Token {
	t.Helper()
	tok := new(token.Token)
	if err := tok.UnmarshalJSON([]byte(members)); err != nil {
		t.Fatal(err)
	}
	return tok
}

// TestAnAPIBaseComesWithTheToken has tokens that name hosts which may not see them.
func TestAnAPIBaseComesWithTheToken(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ base, members, want string }{
		{"{token.instance_url}/", `"instance_url":"https://own.api.example"`, "https://own.api.example/"},
		{"https://{token.userinfo/dc}.api.example/3/", `"userinfo":{"dc":"us6"}`, "https://us6.api.example/3/"},
		{"{token.userinfo/accounts/0/base}/", `"userinfo":{"accounts":[{"base":"https://a.b.api.example"}]}`, "https://a.b.api.example/"},
		{"https://api.example/{token.account}/", `"account":"a/../b?c"`, "https://api.example/a%2F..%2Fb%3Fc/"},
		{"https://api.example/{token.account}/", `"account":17`, "https://api.example/17/"},
		{"https://api.example/{token.account}/", `"other":17`, ""},
		{"{token.instance_url}/", `"instance_url":"http://own.api.example"`, ""},
		{"{token.instance_url}/", `"instance_url":"https://evil.example"`, ""},
		{"{token.instance_url}/", `"instance_url":"https://evil.example/.api.example"`, ""},
		{"{token.instance_url}/", `"instance_url":"https://u@own.api.example"`, ""},
		{"{token.instance_url}/", `"instance_url":"https://own.api.example:8443"`, ""},
		{"{token.instance_url}/", `"instance_url":"https://.api.example"`, ""},
		{"{token.instance_url}/", `"instance_url":"https://evilapi.example"`, ""},
		{"{token.instance_url}/", `"instance_url":7`, ""},
		{"{token.instance_url}/", `"other":""`, ""},
		{"https://{token.userinfo/dc}.api.example/3/", `"userinfo":{"dc":"evil.example/"}`, ""},
		{"https://{token.userinfo/dc}.api.example/3/", `"userinfo":{"dc":"evil.example#"}`, ""},
		{"https://{token.userinfo/dc}.api.example/3/", `"userinfo":{}`, ""},
	} {
		p := provider.Provider{
			Name: "fake", AuthorizationURL: "https://fake.example/a", TokenURL: "https://fake.example/t",
			APIBase: tt.base, APIHosts: []string{"*.api.example", "api.example"},
		}
		if err := p.Validate(); err != nil || !p.Learns() {
			t.Errorf("%s: %v", tt.base, err)
		}
		got, err := p.Base(tokenOf(t, `{"access_token":"`+fakeAccess+`",`+tt.members+`}`))
		if got != tt.want || (err == nil) != (tt.want != "") {
			t.Errorf("%s with %s is %q, %v", tt.base, tt.members, got, err)
		}
	}
}

func TestHostsBelowAHostMaySeeTheToken(t *testing.T) {
	t.Parallel()
	p := provider.Provider{APIHosts: []string{"*.api.example"}}
	for address, want := range map[string]bool{
		"https://a.api.example/x": true, "https://a.b.api.example": true, "https://A.API.example:443/": true,
		"https://api.example": false, "https://aapi.example": false, "https://a.api.example.evil.example": false,
		"http://a.api.example": false, "https://a.api.example:444": false, "https://.api.example": false,
	} {
		u, err := url.Parse(address)
		if err != nil || p.MaySee(u) != want {
			t.Errorf("%s may see it: %t, %v", address, !want, err)
		}
	}
	p.Name, p.AuthorizationURL, p.TokenURL = "fake", "https://fake.example/a", "https://fake.example/t"
	for _, hosts := range []string{"*.com", "*.", "*", "a.*.example", "*.a.example/x"} {
		p.APIHosts = []string{hosts}
		if err := p.Validate(); err == nil {
			t.Errorf("%q is let through", hosts)
		}
	}
}

// TestUserinfoIsNotAskedWhereTheTokenMayNotGo has an account's address that the token names.
func TestUserinfoIsNotAskedWhereTheTokenMayNotGo(t *testing.T) {
	t.Parallel()
	c := &provider.Client{ID: "fake-id", Provider: provider.Provider{
		Name: "fake", APIHosts: []string{"*.api.example"}, Userinfo: provider.Userinfo{URL: "{token.instance_url}/me"},
	}}
	_, err := c.Identity(t.Context(), tokenOf(t, `{"access_token":"`+fakeAccess+`","instance_url":"https://evil.example"}`))
	if failed(t, err).Kind != provider.Misconfigured {
		t.Errorf("failed with %v", err)
	}
}

func TestWhatDescribesTheAccountIsKeptWithTheToken(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	mux.Handle("/token", says(http.StatusOK, `{"access_token":"a"}`))
	var sent string
	answer := `{"id":7,"dc":"us6"}`
	mux.HandleFunc("/userinfo", func(w http.ResponseWriter, r *http.Request) {
		sent = r.Header.Get("Authorization")
		_, _ = io.WriteString(w, answer)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	c := at(server)
	c.ID, c.Provider.Userinfo.Kept, c.Provider.Userinfo.Credentials = "fake-id", true, "Authorization: OAuth "
	tok, err := c.Exchange(t.Context(), grant())
	if err != nil {
		t.Fatal(err)
	}
	if kept, _ := tok.Extra("userinfo"); string(kept) != answer || sent != "OAuth a" {
		t.Errorf("kept %s, asked with %q", kept, sent)
	}
	answer = "<html>"
	if _, err := c.Exchange(t.Context(), grant()); failed(t, err).Kind != provider.Doubtful {
		t.Errorf("failed with %v", err)
	}
}

func TestATokenIsSpentForItsSuccessor(t *testing.T) {
	t.Parallel()
	var paths []string
	var last url.Values
	c, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		paths, last = append(paths, r.Method+" "+r.URL.Path), r.Form
		_, _ = io.WriteString(w, `{"access_token":"`+strings.Repeat("x", len(paths))+`","user_id":7}`)
	})
	p := &c.Provider
	p.LongLived = provider.AccessGrant{URL: p.TokenURL + "/long", Method: http.MethodGet, Params: map[string]string{"grant_type": "x", "client_secret": "{client_secret}"}}
	p.Prolong = provider.AccessGrant{URL: p.TokenURL + "/more", Param: "old", Params: map[string]string{"client_id": "{client_id}"}}
	tok, err := c.Exchange(t.Context(), grant())
	if err != nil || tok.AccessToken != "xx" || tok.RefreshToken != "xx" || tok.ExtraString("user_id") == "7" {
		t.Fatalf("the token is another, %v", err)
	}
	if last.Get("access_token") != "x" || last.Get("client_secret") != fakeSecret {
		t.Errorf("sent %v", last)
	}
	if tok, err = c.Refresh(t.Context(), tok); err != nil || tok.AccessToken != "xxx" || tok.RefreshToken != "xxx" {
		t.Fatalf("the token is another, %v", err)
	}
	if last.Get("old") != "xx" || last.Get("client_id") != "fake-id" || strings.Join(paths, ", ") != "POST /token, GET /token/long, POST /token/more" {
		t.Errorf("sent %v, by %v", last, paths)
	}
}

// TestASpentTokenIsInNoError has a server that is not there, whose address would have both secrets in it.
func TestASpentTokenIsInNoError(t *testing.T) {
	t.Parallel()
	c, _ := serve(t, says(http.StatusBadRequest, `{"error":{"code":190,"message":"`+fakeAccess+`"}}`))
	c.Provider.ErrorAt, c.Provider.DeadGrant = "/error/code", "190"
	c.Provider.Prolong = provider.AccessGrant{URL: c.Provider.TokenURL, Method: http.MethodGet, Params: map[string]string{"client_secret": "{client_secret}"}}
	spent := &token.Token{AccessToken: fakeAccess, RefreshToken: fakeAccess}
	_, err := c.Refresh(t.Context(), spent)
	if failed(t, err).Kind != provider.Refused {
		t.Errorf("failed with %v", err)
	}
	c.Provider.Prolong.URL = "https://127.0.0.1:1/x"
	_, err = c.Refresh(t.Context(), spent)
	if said := failed(t, err).Error(); strings.Contains(said, fakeAccess) || strings.Contains(said, url.QueryEscape(fakeAccess)) {
		t.Error("the error has the token in it")
	}
}

func TestACallbackNamesNoHost(t *testing.T) {
	t.Parallel()
	for base, want := range map[string]bool{
		"https://api.example/{token.shop}/": true, "https://{token.shop}.api.example/": false, "{token.shop}/": false,
	} {
		p := provider.Provider{
			Name: "fake", AuthorizationURL: "https://fake.example/a", TokenURL: "https://fake.example/t",
			APIBase: base, APIHosts: []string{"*.api.example"}, CallbackKept: []string{"shop"},
		}
		if err := p.Validate(); (err == nil) != want {
			t.Errorf("%s: %v", base, err)
		}
	}
}

func TestWhatACallbackHasBesideTheCodeIsKept(t *testing.T) {
	t.Parallel()
	c, _ := serve(t, says(http.StatusOK, `{"access_token":"a","said":"by the answer"}`))
	c.Provider.CallbackKept = []string{"realmId", "said", "twice", "access_token", "none"}
	g := grant()
	g.Callback = url.Values{"realmId": {"17"}, "said": {"by the browser"}, "twice": {"1", "2"}, "access_token": {"another"}, "more": {"x"}}
	tok, err := c.Exchange(t.Context(), g)
	if err != nil || tok.AccessToken != "a" || tok.ExtraString("realmId") != "17" || tok.ExtraString("said") != "by the answer" {
		t.Fatalf("the token is another, %v", err)
	}
	for _, name := range []string{"twice", "none", "more"} {
		if _, kept := tok.Extra(name); kept {
			t.Errorf("%s is kept", name)
		}
	}
}
