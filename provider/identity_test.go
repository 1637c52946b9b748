package provider_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/waltz-oauth/waltz/provider"
)

func TestIdentityReadsThePointedParts(t *testing.T) {
	t.Parallel()
	const answer = `{"data":[{"a/b":{"~id":12345678901234567890}}],"mail":"jo@example.org","name":null,"ok":"true","pic":"https://x.example/p"}`
	c, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/userinfo" || r.Header.Get("Authorization") != "Bearer "+fakeAccess || r.Header.Get("X-Version") != "2" {
			t.Errorf("asked %s with %v", r.URL, r.Header)
		}
		_, _ = io.WriteString(w, answer)
	})
	c.Provider.APIHeaders = map[string]string{"X-Version": "2"}
	u := &c.Provider.Userinfo
	u.ID, u.Email, u.EmailVerified, u.Picture = "/data/0/a~1b/~0id", "/mail", "/ok", "/pic"
	got, err := c.Identity(t.Context(), stored(t, ""))
	want := provider.Identity{Subject: "12345678901234567890", Email: "jo@example.org", EmailVerified: true, Picture: "https://x.example/p"}
	if string(got.Raw) != answer {
		t.Errorf("raw is %s", got.Raw)
	}
	if got.Raw = nil; err != nil || !same(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, pointer := range []string{"/data/00", "/data/1", "/data/-", "/data/0", "/mail/x", "/nothing", "/", "/name"} {
		u.ID = pointer
		if got, err := c.Identity(t.Context(), stored(t, "")); err == nil {
			t.Errorf("%s found account %q", pointer, got.Subject)
		}
	}
}

func same(a, b provider.Identity) bool {
	return a.Subject == b.Subject && a.Name == b.Name && a.Email == b.Email && a.EmailVerified == b.EmailVerified && a.Picture == b.Picture
}

// GitHub's account answers, with what the test puts in place of its addresses.
func TestGitHubsPrimaryAddressCounts(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		status   int
		emails   string
		email    string
		verified bool
		fails    bool
	}{
		"verified":    {200, `[{"email":"a@x.example","primary":false,"verified":true},{"email":"b@x.example","primary":true,"verified":true},{"email":"c@x.example","primary":false,"verified":true}]`, "b@x.example", true, false},
		"unverified":  {200, `[{"email":"b@x.example","primary":true,"verified":false}]`, "b@x.example", false, false},
		"none":        {200, `[]`, "public@x.example", false, false},
		"not allowed": {403, `{"message":"no"}`, "public@x.example", false, false},
		"not found":   {404, `{"message":"no"}`, "public@x.example", false, false},
		"broken":      {500, ``, "", false, true},
		"nonsense":    {200, `{}`, "", false, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
				switch r.URL.Path {
				case "/user":
					_, _ = io.WriteString(w, `{"id":583231,"login":"octo","name":null,"email":"public@x.example","avatar_url":"https://x.example/p"}`)
				case "/user/emails":
					says(tt.status, tt.emails)(w, r)
				default:
					t.Errorf("asked %s", r.URL)
				}
			})
			site := strings.TrimSuffix(c.Provider.APIBase, "/api/")
			c.Provider.Userinfo = provider.GitHub().Userinfo
			c.Provider.Userinfo.URL, c.Provider.Userinfo.EmailsURL = site+"/user", site+"/user/emails"
			got, err := c.Identity(t.Context(), stored(t, ""))
			if tt.fails {
				_ = failed(t, err)
				return
			}
			want := provider.Identity{Subject: "583231", Email: tt.email, EmailVerified: tt.verified, Picture: "https://x.example/p"}
			if err != nil || !same(got, want) {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

func TestIdentityIsThatOfTheIDToken(t *testing.T) {
	t.Parallel()
	i, c := newIssuer(t)
	tok, err := c.Exchange(t.Context(), grant())
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.Identity(t.Context(), tok)
	want := provider.Identity{Subject: "1001", Name: "Jo", Email: "jo@example.org", EmailVerified: true}
	if err != nil || !same(got, want) {
		t.Errorf("userinfo: got %+v, %v", got, err)
	}
	i.userinfo = strings.Replace(i.userinfo, "1001", "1002", 1)
	if got, err := c.Identity(t.Context(), tok); err == nil {
		t.Errorf("userinfo of another account passed: %+v", got)
	}
	c.Provider.Userinfo = provider.Userinfo{}
	got, err = c.Identity(t.Context(), tok)
	if err != nil || !same(got, provider.Identity{Subject: "1001", Name: "Jo"}) || !strings.Contains(string(got.Raw), fakeNonce) {
		t.Errorf("ID token: got %+v, %v", got, err)
	}
	if i.requests("/userinfo") != 2 {
		t.Errorf("userinfo was asked %d times", i.requests("/userinfo"))
	}
}

func TestIdentityFailures(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		status int
		body   string
		kind   provider.Kind
	}{
		"refused":    {401, `{"error":"invalid_token"}`, provider.Refused},
		"forbidden":  {403, ``, provider.Refused},
		"limited":    {429, ``, provider.Limited},
		"broken":     {500, fakeAccess, provider.Doubtful},
		"no account": {200, `{}`, provider.Doubtful},
		"empty id":   {200, `{"sub":""}`, provider.Doubtful},
		"odd id":     {200, `{"sub":true}`, provider.Doubtful},
		"no JSON":    {200, `<html>`, provider.Doubtful},
		"no object":  {200, `"1"`, provider.Doubtful},
		"redirect":   {302, ``, provider.Doubtful},
		"too large":  {200, `{"sub":"` + strings.Repeat("1", 1<<20) + `"}`, provider.Doubtful},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, requests := serve(t, says(tt.status, tt.body))
			_, err := c.Identity(t.Context(), stored(t, ""))
			if e := failed(t, err); e.Op != "identity" || e.Kind != tt.kind || requests.Load() != 1 {
				t.Errorf("got %v after %d requests", err, requests.Load())
			}
		})
	}
	c := &provider.Client{Provider: provider.Provider{Name: "fake"}}
	if _, err := c.Identity(context.Background(), stored(t, "")); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("no way to know: %v", err)
	}
}
