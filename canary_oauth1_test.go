package waltz_test

import (
	"crypto/rand"
	"net/http"
	"strings"
	"testing"

	"github.com/waltz-oauth/waltz"
	"github.com/waltz-oauth/waltz/provider"
	"github.com/waltz-oauth/waltz/storage/memstore"
	"github.com/waltz-oauth/waltz/token"
	"github.com/waltz-oauth/waltz/waltztest"
)

// TestNoSecretOfOAuth1GetsOut is TestNoSecretGetsOut for OAuth 1, where with PLAINTEXT every request has every
// secret in it, encoded twice.
func TestNoSecretOfOAuth1GetsOut(t *testing.T) {
	t.Parallel()
	for _, signature := range []string{"HMAC-SHA1", "PLAINTEXT"} {
		for name, s := range map[string]token.Storage{"session": nil, "memory": memstore.New()} {
			t.Run(signature+" "+name, func(t *testing.T) {
				t.Parallel()
				m := newMineOf(t, s, signature)
				m.login(t, waltztest.Allow).want(t, http.StatusOK, "record(")
				m.get(t, "/user").want(t, http.StatusOK, "Demo Ada")
				m.get(t, "/identity").want(t, http.StatusOK, "Demo Ada")
				m.post(t, "/login/test/disconnect", "")
				m.failures1(t)
				m.hostility1(t)
				m.values1()
				m.values(t, s)
				m.search(t)
			})
		}
	}
}

func (m *mine) failures1(t *testing.T) {
	t.Helper()
	for _, quiet := range []bool{false, true} {
		m.provider.Behave(func(b *waltztest.Behaviour) { b.QuietDenial = quiet })
		m.login(t, waltztest.Deny).want(t, http.StatusForbidden, "")
	}
	callback := strings.TrimPrefix(m.callbackURL(t), m.URL)
	m.newBrowser()
	m.get(t, callback).want(t, http.StatusBadRequest, "") // in another browser
	for _, status := range []int{400, 401, 403, 429, 500} {
		for _, e := range []waltztest.Endpoint{waltztest.Request, waltztest.Exchange, waltztest.UserInfo, waltztest.API} {
			m.provider.Next(e, waltztest.Answer{Status: status, Body: "oauth_problem=token_rejected", Handled: true})
			m.mayLogin(t, waltztest.Allow)
			m.mayFail(t, http.MethodGet, "/identity")
			m.mayFail(t, http.MethodGet, "/call")
		}
	}
	for _, hook := range []string{"BeforeLogin", "Authorized", "Failed"} {
		m.set(func() { m.panics = hook })
		m.mayLogin(t, waltztest.Allow)
		m.mayLogin(t, waltztest.Deny)
	}
	m.set(func() { m.panics = "" })
	m.provider.Down()
	m.mayFail(t, http.MethodGet, "/login/test")
	m.mayFail(t, http.MethodGet, "/call")
	if err := m.provider.Up(); err != nil {
		t.Fatal(err)
	}
}

func (m *mine) hostility1(t *testing.T) {
	t.Helper()
	for name, echo := range m.echoes() {
		m.mayLogin(t, waltztest.Allow)
		m.during("/userinfo", echo, func() { m.mayFail(t, http.MethodGet, "/identity") })
		if !strings.HasPrefix(name, "redirect") {
			m.during("/api/user", echo, func() { m.mayFail(t, http.MethodGet, "/call") })
		}
		m.during("/oauth1/request", echo, func() { m.mayFail(t, http.MethodGet, "/login/test") })
		m.during("/oauth1/token", echo, func() { m.mayLogin(t, waltztest.Allow) })
	}
}

// values1 are what a program holds of OAuth 1, and may print.
func (m *mine) values1() {
	r := provider.RequestToken{Token: "fake-request-" + rand.Text(), Secret: "fake-secret-" + rand.Text()}
	m.canaries.Add("request token's secret", r.Secret)
	for name, v := range map[string]any{
		"RequestToken": r, "*RequestToken": &r, "Grant with it": provider.Grant{RequestToken: r},
		"AuthorizationRequest with it": provider.AuthorizationRequest{RequestToken: r.Token},
		"OAuth 1 token":                &token.Token{AccessToken: m.another("access"), Secret: m.another("secret")},
		"OAuth 1 Authorization":        waltz.Authorization{Token: &token.Token{AccessToken: m.another("access"), Secret: m.another("secret")}},
	} {
		m.print("value, "+name, v)
	}
}

func (m *mine) another(kind string) string {
	s := "fake-" + kind + "-" + rand.Text()
	m.canaries.Add(kind+" of OAuth 1", s)
	return s
}
