package e2e

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/waltz-oauth/waltz"
	"github.com/waltz-oauth/waltz/keeper"
	"github.com/waltz-oauth/waltz/provider"
	"github.com/waltz-oauth/waltz/storage/memstore"
	"github.com/waltz-oauth/waltz/token"
)

// What follows goes wrong at the server, and must be a clear outcome for the person and a typed error
// for the program.

// refusal checks that the last failure is the provider's, of that kind and code.
func (si *site) refusal(t *testing.T, kind provider.Kind, code string) {
	t.Helper()
	err := si.lastFailure(t)
	if e, ok := errors.AsType[*provider.Error](err); !ok || e.Kind != kind || e.Code != code {
		t.Errorf("the program was told %v, want a provider's error that is %v %q", err, kind, code)
	}
}

func TestWrongClientSecret(t *testing.T) {
	t.Parallel()
	si := newSite(t, memstore.New(), func(r *waltz.Registration) { r.ClientSecret = "fake-and-wrong" })
	p := si.person.answer(t, si.person.get(t, si.loginURL()), "allow")
	wantPage(t, p, http.StatusBadGateway, "refused")
	si.refusal(t, provider.Misconfigured, "invalid_client")
	si.wantNoToken(t)
}

func TestIDTokenSignedByAnotherIsRefused(t *testing.T) {
	t.Parallel()
	si := newSite(t, memstore.New(), nil)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	si.issuer.answer("/keys", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), Algorithm: "RS256", Use: "sig"}}})
	}))
	p := si.person.answer(t, si.person.get(t, si.loginURL()), "allow")
	wantPage(t, p, http.StatusBadGateway)
	si.refusal(t, provider.Doubtful, "unverified_id_token")
	si.wantNoToken(t)
}

func TestCallbackIsAnsweredOnce(t *testing.T) {
	t.Parallel()
	si := newSite(t, memstore.New(), nil)
	back := si.person.callback(t, si.person.get(t, si.loginURL()))
	if p := si.person.get(t, back); p.body != "home" {
		t.Fatalf("the login ended at %s with %d: %s", p.url.Path, p.status, p.body)
	}
	wantPage(t, si.person.get(t, back), http.StatusBadRequest, "This login is over")
	if err := si.lastFailure(t); !errors.Is(err, waltz.ErrState) {
		t.Errorf("the program was told %v, want ErrState", err)
	}
	if n := si.issuer.count("authorization_code"); n != 1 {
		t.Errorf("%d exchanges, want 1", n)
	}
	si.wantAPI(t)
}

func TestCallbackInAnotherBrowserIsRefused(t *testing.T) {
	t.Parallel()
	si := newSite(t, memstore.New(), nil)
	back := si.person.callback(t, si.person.get(t, si.loginURL()))
	wantPage(t, newPerson(t).get(t, back), http.StatusBadRequest, "This login is over")
	if n := si.issuer.count("authorization_code"); n != 0 {
		t.Errorf("%d exchanges, want none", n)
	}
	si.wantNoToken(t)
}

func TestServerDownAtTheCallback(t *testing.T) {
	t.Parallel()
	si := newSite(t, memstore.New(), nil)
	back := si.person.callback(t, si.person.get(t, si.loginURL()))
	si.down()
	wantPage(t, si.person.get(t, back), http.StatusBadGateway, "is not answering", "Nothing was stored.", "Try again")
	si.refusal(t, provider.Unsent, "")
	si.wantNoToken(t)
}

// The grant lives on: nothing was sent, so the next refresh, after a while, is as good as the first.
func TestServerDownAtARefresh(t *testing.T) {
	t.Parallel()
	si := newSite(t, memstore.New(), nil)
	was := si.loginExpired(t)
	si.down()
	wantPage(t, si.person.get(t, si.URL+"/private"), http.StatusServiceUnavailable, "is not answering", "still connected")
	f, ok := errors.AsType[*keeper.Failure](si.lastFailure(t))
	if !ok || f.Kind != keeper.Unsent {
		t.Fatalf("the program was told %v, want a failure that is unsent", si.lastFailure(t))
	}
	if r := si.stored(t); r.State != token.Active || r.Token.RefreshToken != was.Token.RefreshToken {
		t.Errorf("the record is %v", r)
	}
	si.issuer.up(t)
	time.Sleep(time.Until(si.stored(t).NotBefore))
	si.wantAPI(t)
	if n := si.issuer.count("refresh_token"); n != 1 {
		t.Errorf("%d refreshes, want 1", n)
	}
}

// down takes the issuer down, and leaves no connection to it that a request could be written to.
func (si *site) down() {
	si.issuer.down()
	si.calls.CloseIdleConnections()
}

func TestGrantEndedAtTheServer(t *testing.T) {
	t.Parallel()
	si := newSite(t, memstore.New(), nil)
	was := si.loginExpired(t).Token
	p := si.person.post(t, si.issuer.URL+"/revoke", url.Values{
		"token": {was.RefreshToken}, "token_type_hint": {"refresh_token"},
		"client_id": {clientID}, "client_secret": {clientSecret},
	})
	if p.status != http.StatusOK {
		t.Fatalf("the server answered %d: %s", p.status, p.body)
	}
	for range 2 { // the second time without asking the server
		wantPage(t, si.api(t), http.StatusBadGateway)
		if err := si.lastFailure(t); !errors.Is(err, waltz.ErrReauthorize) {
			t.Errorf("the program was told %v, want ErrReauthorize", err)
		}
	}
	if n := si.issuer.count("refresh_token"); n != 1 {
		t.Errorf("%d refreshes, want 1", n)
	}
	if r := si.stored(t); r.State != token.Reauthorize || r.Reason != "invalid_grant" {
		t.Errorf("the record is %v because of %q", r, r.Reason)
	}

	// A page that needs the token leads to a new login, and back.
	p = si.person.answer(t, si.person.get(t, si.URL+"/private"), "allow")
	wantPage(t, p, http.StatusOK, email)
	if p.url.Path != "/private" {
		t.Errorf("the login led to %s, want /private", p.url.Path)
	}
}

func TestRequireLeadsThroughTheLoginAndBack(t *testing.T) {
	t.Parallel()
	si := newSite(t, memstore.New(), nil)
	p := si.person.answer(t, si.person.get(t, si.URL+"/private?page=2"), "allow")
	wantPage(t, p, http.StatusOK, email)
	if p.url.RequestURI() != "/private?page=2" {
		t.Errorf("the login led to %s", p.url.RequestURI())
	}
}

// A client that holds the server's answer to a login in doubt must not spend the code again.
func TestBrokenAnswerToTheExchange(t *testing.T) {
	t.Parallel()
	si := newSite(t, memstore.New(), nil)
	si.issuer.answer("/oauth/token", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "out of order", http.StatusInternalServerError)
	}))
	p := si.person.answer(t, si.person.get(t, si.loginURL()), "allow")
	wantPage(t, p, http.StatusBadGateway, "is not answering")
	si.refusal(t, provider.Doubtful, "")
	if n := si.issuer.count("authorization_code"); n != 1 {
		t.Errorf("%d exchanges, want 1", n)
	}
}
