package main

import (
	"io"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/waltz-oauth/waltz"
	"github.com/waltz-oauth/waltz/storage/sqlstore/sqlite"
	"github.com/waltz-oauth/waltz/waltztest"
)

func TestPeopleBecomeUsersByLoggingIn(t *testing.T) {
	t.Parallel()
	db, err := sqlite.OpenDB(t.TempDir() + "/users.db")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	provider := waltztest.New(t, waltztest.Config{})
	handler, err := site(db, waltz.Registration{
		Provider: provider.Provider(), ClientID: provider.ClientID, ClientSecret: provider.ClientSecret,
		Scopes: []string{"openid", "profile"},
	})
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)

	for _, login := range []struct{ subject, name string }{{"1001", "Demo Ada"}, {"1002", "Demo Ben"}, {"1001", "Demo Ada"}} {
		resp, err := waltztest.NewBrowser().Login(t.Context(), s.URL, login.subject, waltztest.Allow)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil || !strings.Contains(string(body), "Hello, "+login.name) || strings.Count(string(body), "waltztest since") != 1 {
			t.Errorf("%s sees %d %q, %v", login.name, resp.StatusCode, body, err)
		}
	}
	var users int
	if err := db.QueryRow(`select count(*) from users`).Scan(&users); err != nil || users != 2 {
		t.Errorf("there are %d users, %v, want 2", users, err)
	}
}
