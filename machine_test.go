package waltz_test

import (
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz"
	"github.com/waltz-oauth/waltz/storage/memstore"
	"github.com/waltz-oauth/waltz/token"
	"github.com/waltz-oauth/waltz/waltztest"
)

func TestMachineHasATokenOfItsOwn(t *testing.T) {
	t.Parallel()
	s := waltztest.New(t, waltztest.Config{})
	storage := memstore.New()
	r := waltz.Registration{Provider: s.Provider(), Machine: true, Scopes: []string{"notes"}}
	r.Provider.AuthorizationURL = ""
	p := newProgram(t, s, waltz.Config{Storage: storage}, r)
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() { p.is(waltz.WithUser(t.Context(), fmt.Sprint(i)), t, s.ClientID) })
	}
	all.Wait()
	p.is(t.Context(), t, s.ClientID)
	if n := s.Calls(waltztest.Exchange); n != 1 {
		t.Errorf("asked for %d tokens", n)
	}
	another := newProgram(t, s, waltz.Config{Storage: storage}, r)
	another.is(t.Context(), t, s.ClientID)
	if n := s.Calls(waltztest.Exchange); n != 1 {
		t.Errorf("another process asked for the token again: %d", n)
	}

	key := token.Key{Provider: "test"}
	stored, err := storage.Get(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	expired := *stored.Token
	expired.Expiry = time.Now().Add(-time.Second)
	stored.Token = &expired
	if err := storage.Set(t.Context(), key, stored); err != nil {
		t.Fatal(err)
	}
	s.ExpireAll()
	for range 20 {
		all.Go(func() { p.is(t.Context(), t, s.ClientID) })
	}
	all.Wait()
	if n := s.Calls(waltztest.Exchange); n != 2 {
		t.Errorf("a token that expired was had again with %d calls", n-1)
	}
	if err := p.consumer.Disconnect(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := storage.Get(t.Context(), key); !errors.Is(err, token.ErrNotFound) {
		t.Errorf("after Disconnect: %v", err)
	}
}

func TestMachineThatIsRefusedAsksNotAtEveryRequest(t *testing.T) {
	t.Parallel()
	s := waltztest.New(t, waltztest.Config{})
	p := newProgram(t, s, waltz.Config{}, waltz.Registration{Machine: true})
	s.Next(waltztest.Exchange, waltztest.Answer{Status: http.StatusUnauthorized, Body: `{"error":"invalid_client"}`, Repeat: -1})
	for range 5 {
		if got, err := p.whoAmI(t.Context()); err == nil || secret(err.Error()) {
			t.Errorf("got %q, %v", got, err)
		}
	}
	if n := s.Calls(waltztest.Exchange); n != 1 {
		t.Errorf("asked %d times", n)
	}
}

// A user's account is deleted, in a storage that cannot be walked.
func TestMachineIsNoUsersToDisconnect(t *testing.T) {
	t.Parallel()
	s := waltztest.New(t, waltztest.Config{})
	p := newProgram(t, s, waltz.Config{Storage: three{memstore.New()}}, waltz.Registration{Machine: true})
	p.is(t.Context(), t, s.ClientID)
	ctx := waltz.WithUser(t.Context(), "7")
	for e, err := range p.app.Connections(ctx) {
		t.Errorf("the user has connected %v, %v", e.Key, err)
	}
	if err := p.app.DisconnectAll(ctx); err != nil {
		t.Error(err)
	}
	if _, err := p.storage.Get(t.Context(), token.Key{Provider: "test"}); err != nil {
		t.Errorf("the program's token is gone: %v", err)
	}
	if err := p.consumer.Save(ctx, &token.Token{AccessToken: "fake"}); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("Save: %v", err)
	}
}

func TestMachineHasNoLogin(t *testing.T) {
	t.Parallel()
	s := waltztest.New(t, waltztest.Config{})
	p := newProgram(t, s, waltz.Config{}, waltz.Registration{Machine: true})
	if err := p.consumer.LoginDevice(waltz.WithUser(t.Context(), "7"), nil); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("LoginDevice: %v", err)
	}
	w := newWorld(t, waltz.Config{Storage: memstore.New()}, waltz.Registration{Machine: true})
	for _, path := range []string{"/login/test", "/login/test/authorized"} {
		w.get(t, path).want(t, http.StatusNotFound, "")
	}
	for name, r := range map[string]waltz.Registration{
		"no secret":        {Machine: true, Public: true, ClientID: "fake"},
		"several accounts": {Machine: true, Accounts: true, ClientID: "fake", ClientSecret: "fake"},
	} {
		r.Name, r.Provider = "other", s.Provider()
		if _, err := p.app.Register(r); err == nil {
			t.Errorf("%s: registered", name)
		}
	}
}
