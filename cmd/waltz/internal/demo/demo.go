// Package demo is a small application that connects its users' accounts at a test provider, with
// both running in this process on loopback.
package demo

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/waltz-oauth/waltz"
	"github.com/waltz-oauth/waltz/token"
	"github.com/waltz-oauth/waltz/waltztest"
)

// Config is what the demo can be told.
type Config struct {
	Addr        string        // a loopback address; default "127.0.0.1:8080"
	Storage     token.Storage // nil: the browser's session
	StorageName string        // for the page
	Logger      *slog.Logger
}

// lifetime of the access tokens: short, so that a visitor can watch one expire.
const lifetime = 2 * time.Minute

// Demo is the application and its provider, running.
type Demo struct {
	URL string // where the application is

	config   Config
	app      *waltz.App
	consumer *waltz.Consumer
	provider *waltztest.Server
	server   *http.Server
	page     *template.Template
	journal  journal
}

// Start starts both. They run until [Demo.Close].
func Start(ctx context.Context, c Config) (*Demo, error) {
	listener, err := listen(ctx, cmp.Or(c.Addr, "127.0.0.1:8080"))
	if err != nil {
		return nil, err
	}
	c.Logger = cmp.Or(c.Logger, slog.Default())
	d := &Demo{config: c, URL: "http://" + listener.Addr().String()}
	if err := d.start(); err != nil { //nolint:contextcheck // the provider runs until Close
		_ = listener.Close()
		return nil, err
	}
	d.server = &http.Server{Handler: d.handler(), ReadHeaderTimeout: time.Minute}
	go func() { _ = d.server.Serve(listener) }() // returns when Close closes it
	return d, nil
}

// listen refuses what other machines could reach: in the demo anybody can be anybody.
func listen(ctx context.Context, addr string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("address %q: want a host and a port, such as 127.0.0.1:8080", addr)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("address %q: the demo has no passwords, so it runs on a loopback address only, such as 127.0.0.1:8080", addr)
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("address %q: %w (another one can be given with --addr; port 0 is any free one)", addr, errors.Unwrap(err))
	}
	return l, nil
}

func (d *Demo) start() error {
	var err error
	if d.page, err = parsePage(); err != nil {
		return err
	}
	d.provider, err = waltztest.Start(waltztest.Config{
		ClientName: "Waltz demo",
		Behaviour:  waltztest.Behaviour{AccessLifetime: lifetime},
	})
	if err != nil {
		return err
	}
	d.app, err = waltz.New(waltz.Config{
		Secret:  rand.Text() + rand.Text(), // sessions end with the demo
		Storage: d.config.Storage,
		User:    currentUser,
		SignIn:  "/",
		Logger:  d.config.Logger,
	})
	if err != nil {
		return err
	}
	d.consumer, err = d.app.Register(waltz.Registration{
		Name:         "demo",
		Provider:     d.provider.Provider(),
		ClientID:     d.provider.ClientID,
		ClientSecret: d.provider.ClientSecret,
		Scopes:       []string{"openid", "profile", "email"},
		Hooks: waltz.Hooks{
			Authorized: func(_ http.ResponseWriter, _ *http.Request, a *waltz.Authorization) error {
				d.journal.add(a.User, "Connected: the token is stored.")
				return nil
			},
			Refreshed: func(_ context.Context, key token.Key, _ *token.Token) {
				d.journal.add(key.User, "Refreshed: the provider gave a new token, and it was stored.")
			},
			Reauthorize: func(_ context.Context, key token.Key, reason string) {
				d.journal.add(key.User, "The provider ended the grant: "+reason+".")
			},
			Disconnected: func(_ context.Context, key token.Key) {
				d.journal.add(key.User, "Disconnected: the token was revoked and deleted.")
			},
		},
	})
	return err
}

// Close ends the application, lets refreshes under way be stored, and ends the provider.
func (d *Demo) Close(ctx context.Context) error {
	err := d.server.Shutdown(ctx)
	err = errors.Join(err, d.app.Shutdown(ctx))
	d.provider.Down()
	return err
}
