package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"

	"github.com/gorilla/sessions"
	"github.com/markbates/goth"
	"github.com/markbates/goth/gothic"
	gothgithub "github.com/markbates/goth/providers/github"
	"golang.org/x/oauth2"

	"github.com/waltz-oauth/waltz"
	"github.com/waltz-oauth/waltz/provider"
	"github.com/waltz-oauth/waltz/storage/memstore"
)

// danceRow is a whole login over loopback: to the application, to a provider that consents at once, back,
// and the exchange of the code. What is got is kept for the user, which goth leaves to the application.
func danceRow() row {
	return row{
		name: "Whole dance over loopback", limit: "the same requests by hand, the token in a map", most: 1.25,
		sides: func(_ context.Context, s *stage) ([]side, error) {
			p := newConsenting(s)
			var sides []side
			for _, app := range []struct {
				name string
				make func(p *consenting, home string) (http.Handler, error)
			}{{"by hand", danceByHand}, {"waltz", danceWaltz}, {"golang.org/x/oauth2", danceOAuth2}, {"goth", danceGoth}} {
				do, err := dance(s, p, app.make) //nolint:contextcheck // a person's visit ends by itself
				if err != nil {
					return nil, fmt.Errorf("%s: %w", app.name, err)
				}
				sides = append(sides, side{app.name, do})
			}
			return sides, nil
		},
	}
}

// consenting is a provider that asks nobody.
type consenting struct{ url string }

func newConsenting(s *stage) *consenting {
	answer := []byte(`{"access_token":"fake-access","refresh_token":"fake-refresh","token_type":"bearer","expires_in":3600,"scope":"notes"}`)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /authorize", func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		http.Redirect(w, r, q.Get("redirect_uri")+"?"+url.Values{"code": {"fake-code"}, "state": {q.Get("state")}}.Encode(), http.StatusFound) // #nosec G710 -- the benchmark's own provider, on loopback
	})
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("code") != "fake-code" {
			http.Error(w, "no code", http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(answer)
	})
	mux.HandleFunc("GET /user", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"id":7,"login":"ada","name":"Demo Ada","email":"ada@example.com"}`)
	})
	server := httptest.NewServer(mux)
	s.after(func() error {
		server.Close()
		return nil
	})
	return &consenting{server.URL}
}

// dance starts the application, and returns what one person does there, in a browser of their own.
func dance(s *stage, p *consenting, app func(p *consenting, home string) (http.Handler, error)) (func() error, error) {
	var handler http.Handler
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	s.after(func() error {
		server.Close()
		return nil
	})
	var err error
	if handler, err = app(p, server.URL); err != nil {
		return nil, err
	}
	transport := &http.Transport{MaxIdleConnsPerHost: 8}
	s.after(func() error {
		transport.CloseIdleConnections()
		return nil
	})
	return func() error {
		jar, err := cookiejar.New(nil)
		if err != nil {
			return err
		}
		r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, server.URL+"/login/test", http.NoBody)
		if err != nil {
			return err
		}
		resp, err := (&http.Client{Transport: transport, Jar: jar}).Do(r)
		if err != nil {
			return err
		}
		page, err := io.ReadAll(resp.Body)
		if err = errors.Join(err, resp.Body.Close()); err != nil {
			return err
		}
		if string(page) != "connected" {
			return fmt.Errorf("ended at a page of status %d", resp.StatusCode)
		}
		return nil
	}, nil
}

func connected(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "connected") }

func danceWaltz(p *consenting, home string) (http.Handler, error) {
	app, err := waltz.New(waltz.Config{
		Secret: fakeSecret, Storage: memstore.New(), BaseURL: home, Logger: slog.New(slog.DiscardHandler),
		User: func(context.Context) (string, error) { return fakeUser, nil },
	})
	if err != nil {
		return nil, err
	}
	_, err = app.Register(waltz.Registration{
		Provider: provider.Provider{Name: "test", AuthorizationURL: p.url + "/authorize", TokenURL: p.url + "/token"},
		ClientID: fakeID, ClientSecret: "fake", Scopes: []string{"notes"},
	})
	mux := http.NewServeMux()
	mux.Handle("/login/", app)
	mux.HandleFunc("/{$}", connected)
	return app.Handler(mux), err
}

// danceByHand checks the state and has a verifier, each in a cookie, as it must.
func danceByHand(p *consenting, home string) (http.Handler, error) {
	kept := newKept()
	mux := http.NewServeMux()
	mux.HandleFunc("/login/test", func(w http.ResponseWriter, r *http.Request) {
		state, verifier := rand.Text(), rand.Text()+rand.Text()
		sum := sha256.Sum256([]byte(verifier))
		http.SetCookie(w, &http.Cookie{Name: "flow", Value: state + "." + verifier, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode}) //nolint:gosec // loopback
		http.Redirect(w, r, p.url+"/authorize?"+url.Values{
			"response_type": {"code"}, "client_id": {fakeID}, "redirect_uri": {home + "/authorized"}, "scope": {"notes"}, "state": {state},
			"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"},
		}.Encode(), http.StatusFound)
	})
	mux.HandleFunc("/authorized", func(w http.ResponseWriter, r *http.Request) {
		c, err := r.Cookie("flow")
		state, verifier, _ := strings.Cut(cookieValue(c), ".")
		if err != nil || state != r.FormValue("state") {
			http.Error(w, "not this login", http.StatusBadRequest)
			return
		}
		form := url.Values{"grant_type": {"authorization_code"}, "code": {r.FormValue("code")}, "redirect_uri": {home + "/authorized"}, "code_verifier": {verifier}}
		req, err := http.NewRequestWithContext(r.Context(), http.MethodPost, p.url+"/token", strings.NewReader(form.Encode()))
		if err != nil {
			http.Error(w, "no request", http.StatusInternalServerError)
			return
		}
		req.SetBasicAuth(fakeID, "fake")
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			http.Error(w, "no answer", http.StatusBadGateway)
			return
		}
		defer resp.Body.Close()
		var t map[string]any
		if err := json.NewDecoder(resp.Body).Decode(&t); err != nil || t["access_token"] == nil {
			http.Error(w, "no token", http.StatusBadGateway)
			return
		}
		kept.set(t)
		http.SetCookie(w, &http.Cookie{Name: "flow", Path: "/", MaxAge: -1}) //nolint:gosec // loopback
		http.Redirect(w, r, "/", http.StatusSeeOther)
	})
	mux.HandleFunc("/{$}", connected)
	return mux, nil
}

func danceOAuth2(p *consenting, home string) (http.Handler, error) {
	kept := newKept()
	config := &oauth2.Config{
		ClientID: fakeID, ClientSecret: "fake", RedirectURL: home + "/authorized", Scopes: []string{"notes"},
		Endpoint: oauth2.Endpoint{AuthURL: p.url + "/authorize", TokenURL: p.url + "/token", AuthStyle: oauth2.AuthStyleInHeader},
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/login/test", func(w http.ResponseWriter, r *http.Request) {
		state, verifier := rand.Text(), oauth2.GenerateVerifier()
		http.SetCookie(w, &http.Cookie{Name: "flow", Value: state + "." + verifier, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode}) //nolint:gosec // loopback
		http.Redirect(w, r, config.AuthCodeURL(state, oauth2.S256ChallengeOption(verifier)), http.StatusFound)
	})
	mux.HandleFunc("/authorized", func(w http.ResponseWriter, r *http.Request) {
		c, err := r.Cookie("flow")
		state, verifier, _ := strings.Cut(cookieValue(c), ".")
		if err != nil || state != r.FormValue("state") {
			http.Error(w, "not this login", http.StatusBadRequest)
			return
		}
		t, err := config.Exchange(r.Context(), r.FormValue("code"), oauth2.VerifierOption(verifier))
		if err != nil {
			http.Error(w, "no token", http.StatusBadGateway)
			return
		}
		kept.set(t)
		http.SetCookie(w, &http.Cookie{Name: "flow", Path: "/", MaxAge: -1}) //nolint:gosec // loopback
		http.Redirect(w, r, "/", http.StatusSeeOther)
	})
	mux.HandleFunc("/{$}", connected)
	return mux, nil
}

// danceGoth is goth as its README has it, with gorilla's cookies. It has no verifier, and it asks for the user,
// too, as it always does.
func danceGoth(p *consenting, home string) (http.Handler, error) {
	kept := newKept()
	store := sessions.NewCookieStore([]byte(fakeSecret))
	store.Options.Secure = false
	gothic.Store = store
	goth.UseProviders(gothgithub.NewCustomisedURL("goth", "fake", home+"/authorized", p.url+"/authorize", p.url+"/token", p.url+"/user", p.url+"/emails", "notes"))
	named := func(r *http.Request) *http.Request { return gothic.GetContextWithProvider(r, "github") }
	mux := http.NewServeMux()
	mux.HandleFunc("/login/test", func(w http.ResponseWriter, r *http.Request) { gothic.BeginAuthHandler(w, named(r)) })
	mux.HandleFunc("/authorized", func(w http.ResponseWriter, r *http.Request) {
		user, err := gothic.CompleteUserAuth(w, named(r))
		if err != nil {
			http.Error(w, "no user", http.StatusBadGateway)
			return
		}
		kept.set(user)
		http.Redirect(w, r, "/", http.StatusSeeOther)
	})
	mux.HandleFunc("/{$}", connected)
	return mux, nil
}

func cookieValue(c *http.Cookie) string {
	if c == nil {
		return ""
	}
	return c.Value
}
