package waltz_test

import (
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz"
	"github.com/waltz-oauth/waltz/provider"
	"github.com/waltz-oauth/waltz/token"
	"github.com/waltz-oauth/waltz/waltztest"
)

func TestLoginOnAnotherDevice(t *testing.T) {
	t.Parallel()
	for name, public := range map[string]bool{"with a secret": false, "public": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := waltztest.New(t, waltztest.Config{Public: public, Behaviour: waltztest.Behaviour{PollEvery: 20 * time.Millisecond}})
			p := newProgram(t, s, waltz.Config{}, waltz.Registration{Scopes: []string{"openid", "notes"}})
			ctx := waltz.WithUser(t.Context(), "7")
			var all sync.WaitGroup
			defer all.Wait()
			err := p.consumer.LoginDevice(ctx, func(d provider.Device) error {
				if secret(fmt.Sprintf("%v %+v %#v %s %d", d, d, d, d, d)) {
					t.Error("the device's own code is printed")
				}
				if d.UserCode == "" || d.VerificationURL != s.URL+"/device" || time.Until(d.Expiry) > time.Minute {
					t.Errorf("got %v until %v", d, d.Expiry)
				}
				all.Go(func() {
					time.Sleep(50 * time.Millisecond) // some questions come too soon for an answer
					resp, err := waltztest.NewBrowser().Login(t.Context(), d.CompleteURL, "1002", waltztest.Allow)
					read(t, resp, err).want(t, http.StatusOK, "Go back to your device")
				})
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			p.is(ctx, t, "Demo Ben")
			r, err := p.storage.Get(t.Context(), token.Key{Provider: "test", User: "7"})
			if err != nil || r.Token.RefreshToken == "" || r.Token.ExtraString("id_token") == "" {
				t.Errorf("stored %v, %v", r, err)
			}
		})
	}
}

func TestDeviceLoginThatComesToNothing(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		behaviour waltztest.Behaviour
		registr   func(*waltz.Registration)
		user      string
		decision  func(t *testing.T, d provider.Device)
		want      error
		code      string
	}{
		"denied": {
			user: "7", want: waltz.ErrDenied, code: "access_denied",
			decision: func(t *testing.T, d provider.Device) {
				t.Helper()
				resp, err := waltztest.NewBrowser().Login(t.Context(), d.CompleteURL, "", waltztest.Deny)
				read(t, resp, err)
			},
		},
		"nobody came": {behaviour: waltztest.Behaviour{CodeLifetime: 100 * time.Millisecond}, user: "7", code: "expired_token"},
		"no user":     {want: waltz.ErrNoUser},
		"no device URL": {
			user: "7", want: errors.ErrUnsupported,
			registr: func(r *waltz.Registration) { r.Provider.DeviceURL = "" },
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tt.behaviour.PollEvery = 10 * time.Millisecond
			s := waltztest.New(t, waltztest.Config{Behaviour: tt.behaviour})
			r := waltz.Registration{Provider: s.Provider()}
			if tt.registr != nil {
				tt.registr(&r)
			}
			p := newProgram(t, s, waltz.Config{}, r)
			err := p.consumer.LoginDevice(waltz.WithUser(t.Context(), tt.user), func(d provider.Device) error {
				if tt.decision != nil {
					tt.decision(t, d)
				}
				return nil
			})
			var said *provider.Error
			if err == nil || !errors.Is(err, tt.want) && tt.want != nil || tt.code != "" && (!errors.As(err, &said) || said.Code != tt.code) || secret(err.Error()) {
				t.Errorf("got %v, want %v, code %q", err, tt.want, tt.code)
			}
			if _, err := p.storage.Get(t.Context(), token.Key{Provider: "test", User: "7"}); !errors.Is(err, token.ErrNotFound) {
				t.Errorf("a token is stored: %v", err)
			}
		})
	}
}
