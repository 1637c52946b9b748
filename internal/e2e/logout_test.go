package e2e

import (
	"context"
	"net/http"
	"testing"
	"time"
)

// TestLogoutEndsTheSessionAtTheServer has zitadel/oidc's end_session_endpoint, which takes the stored ID
// token for what says whose session it is, and ends the tokens with it.
func TestLogoutEndsTheSessionAtTheServer(t *testing.T) {
	onEach(t, func(t *testing.T, si *site) {
		r := si.login(t, time.Hour)
		if status := si.issuer.userinfo(t, r.Token.AccessToken); status != http.StatusOK {
			t.Fatalf("the API answers %d", status)
		}
		var to string
		var err error
		si.with(t, func(ctx context.Context) { to, err = si.consumer.LogoutURL(ctx, "", "") })
		if err != nil {
			t.Fatal(err)
		}
		si.person.get(t, to) // where it leads is the server's
		form := si.issuer.form("end_session")
		if form.Get("id_token_hint") != r.Token.ExtraString("id_token") || form.Get("client_id") != clientID || form.Has("post_logout_redirect_uri") {
			t.Error("the server was asked otherwise")
		}
		if status := si.issuer.userinfo(t, r.Token.AccessToken); status == http.StatusOK {
			t.Error("the access token lives on")
		}
	})
}
