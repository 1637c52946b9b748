// Package waltztest is an OAuth 2 provider to test against: real HTTP on a loopback address, with a
// consent page, code and refresh grants with PKCE, ID tokens, revocation, user info, and an API
// that demands the token; and beside that an OAuth 1 provider for the same client and people, whose tokens
// the same API takes. It can be told to misbehave while it runs. It is written from the RFCs and shares
// no code with the client it tests.
//
// It is for tests and demonstrations and never for production: anyone who can reach it can log in
// as anyone. Every code and token that it issues begins with "fake-", and every ID token with
// "eyJ", so that a test can search logs and pages for what must not be there. An OAuth 1 request token,
// which browsers are sent with as they are with a state, is no secret and begins with "request-".
package waltztest

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"html/template"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/waltz-oauth/waltz/provider"
	"github.com/waltz-oauth/waltz/token"
)

// Server is a provider that is running. Its methods are safe for concurrent use; its fields are to
// be read only.
type Server struct {
	URL          string // also its issuer; without a slash at the end
	ClientID     string
	ClientSecret string // "": the client is public

	config  Config
	page    *template.Template
	signing func() (*rsa.PrivateKey, error)
	mux     *http.ServeMux
	script  script
	journal journal
	ledger  ledger

	behaviourMu sync.Mutex
	behaviour   Behaviour

	listenMu sync.Mutex
	listens  string       // the address
	http     *http.Server // nil: down
	done     chan struct{}
}

// T is what [New] needs of a [testing.T].
type T interface {
	Helper()
	Cleanup(func())
	Fatal(args ...any)
}

// New starts a provider that is closed when the test ends.
func New(t T, c Config) *Server {
	t.Helper()
	s, err := Start(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Down)
	return s
}

// Start starts a provider, which runs until [Server.Down].
func Start(c Config) (*Server, error) {
	c = c.withDefaults()
	if c.URL == "" && !loopbackAddr(c.Addr) {
		return nil, fmt.Errorf("waltztest: %s is no loopback address: other machines could log in as anyone; set Config.URL if that is meant", c.Addr)
	}
	page, err := parsePage()
	if err != nil {
		return nil, fmt.Errorf("waltztest: %w", err)
	}
	s := &Server{
		URL:          c.URL,
		ClientID:     c.ClientID,
		ClientSecret: c.ClientSecret,
		config:       c,
		page:         page,
		signing:      sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) }),
		ledger:       newLedger(),
		behaviour:    c.Behaviour,
		listens:      c.Addr,
	}
	s.mux = s.routes()
	if err := s.Up(); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Server) routes() *http.ServeMux {
	m := http.NewServeMux()
	m.HandleFunc("GET /authorize", s.authorize)
	m.Handle("POST /consent", http.NewCrossOriginProtection().Handler(http.HandlerFunc(s.consent)))
	m.HandleFunc("POST /push", s.push)
	m.HandleFunc("POST /device", s.beginDevice)
	m.HandleFunc("GET /device", s.askDevice)
	m.HandleFunc("POST /token", s.token)
	m.HandleFunc("POST /oauth1/request", s.requestToken)
	m.HandleFunc("GET /oauth1/authorize", s.authorize1)
	m.HandleFunc("POST /oauth1/token", s.accessToken)
	m.HandleFunc("POST /revoke", s.revoke)
	m.HandleFunc("GET /userinfo", s.bearer(s.userInfo))
	m.HandleFunc("POST /userinfo", s.bearer(s.userInfo))
	m.HandleFunc("GET /api/user", s.bearer(s.apiUser))
	m.HandleFunc("GET /api/notes", s.bearer(s.apiNotes))
	m.HandleFunc("POST /api/notes", s.bearer(s.apiEcho))
	m.HandleFunc("GET /api/redirect", s.bearer(s.apiRedirect))
	m.HandleFunc("GET /.well-known/openid-configuration", s.metadata)
	m.HandleFunc("GET /.well-known/oauth-authorization-server", s.metadata)
	m.HandleFunc("GET /jwks", s.jwks)
	m.HandleFunc("GET /style.css", serveStylesheet)
	return m
}

// Up listens again at the same address after [Server.Down]. Grants are as they were.
func (s *Server) Up() error {
	s.listenMu.Lock()
	defer s.listenMu.Unlock()
	if s.http != nil {
		return nil
	}
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", s.listens)
	if err != nil {
		return fmt.Errorf("waltztest: %w", err)
	}
	s.listens = l.Addr().String()
	s.URL = cmp.Or(s.URL, "http://"+s.listens)
	h := &http.Server{Handler: http.HandlerFunc(s.serve), ReadHeaderTimeout: time.Minute}
	done := make(chan struct{})
	s.http, s.done = h, done
	go func() {
		defer close(done)
		_ = h.Serve(l) // returns when Down closes l
	}()
	return nil
}

// Down stops listening and closes every connection: until [Server.Up], nobody can connect.
func (s *Server) Down() {
	s.listenMu.Lock()
	defer s.listenMu.Unlock()
	if s.http == nil {
		return
	}
	_ = s.http.Close() // what fails to close was closed by its client
	<-s.done
	s.http = nil
}

// Provider describes the server to a client.
func (s *Server) Provider() provider.Provider {
	auth := provider.Basic
	if s.settings().ClientAuth == "client_secret_post" {
		auth = provider.Body
	}
	push := ""
	if s.settings().PushOnly {
		push = s.URL + "/push"
	}
	return provider.Provider{
		PushURL:          push,
		Name:             "waltztest",
		DisplayName:      "Test provider",
		AuthorizationURL: s.URL + "/authorize",
		DeviceURL:        s.URL + "/device",
		TokenURL:         s.URL + "/token",
		ClientAuth:       auth,
		APIBase:          s.URL + "/api/",
		Userinfo:         provider.Userinfo{URL: s.URL + "/userinfo"},
		Revocation:       provider.Revocation{URL: s.URL + "/revoke"},
		Issuer:           s.URL,
		JWKSURL:          s.URL + "/jwks",
		IssParameter:     true,
	}
}

// Grant returns the token that a login of the person with that subject would lead to, without one.
func (s *Server) Grant(subject string, scopes ...string) (*token.Token, error) {
	p, ok := s.person(subject)
	if !ok {
		return nil, fmt.Errorf("waltztest: nobody has the subject %q", subject)
	}
	b := s.settings()
	g := &grant{person: p, scopes: slices.Clone(scopes)}
	answer, err := s.tokenAnswer(s.ledger.issue(g, b, s.Now()), b)
	if err != nil {
		return nil, err
	}
	t := new(token.Token)
	if err := t.UnmarshalJSON(answer); err != nil {
		return nil, fmt.Errorf("waltztest: %w", err)
	}
	if _, named := t.Extra("expires_in"); named {
		t.Expiry = time.Now().Add(b.accessLifetime()).UTC().Round(0)
	}
	return t, nil
}

func (s *Server) person(subject string) (Person, bool) {
	i := slices.IndexFunc(s.config.People, func(p Person) bool { return p.Subject == subject })
	if i < 0 {
		return Person{}, false
	}
	return s.config.People[i], true
}
