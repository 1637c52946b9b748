package main

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/waltz-oauth/waltz"
	"github.com/waltz-oauth/waltz/provider"
	"github.com/waltz-oauth/waltz/storage/cache"
	"github.com/waltz-oauth/waltz/storage/memstore"
	"github.com/waltz-oauth/waltz/token"
)

const (
	fakeID     = "fake-id"
	fakeSecret = "fake-secret-of-32-bytes-or-more-0123456789"
	fakeUser   = "7"
)

// clientRow is a request whose token is fresh and cached, up to where it would go over the network.
func clientRow() row {
	return row{
		name: "Client round trip, token fresh", limit: "a copy of the request with the header, and a look at the clock", most: 1.3,
		sides: func(ctx context.Context, s *stage) ([]side, error) {
			consumer, err := consumerOver(ctx, s, provider.Google())
			if err != nil {
				return nil, err
			}
			ctx = waltz.WithUser(ctx, fakeUser)
			t := benchToken()
			if err := consumer.Save(ctx, t); err != nil {
				return nil, err
			}
			r, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://www.googleapis.com/userinfo", http.NoBody)
			if err != nil {
				return nil, err
			}
			trip := func(rt http.RoundTripper) func() error {
				return func() error {
					resp, err := rt.RoundTrip(r)
					if err != nil {
						return err
					}
					return resp.Body.Close()
				}
			}
			return []side{
				{"by hand", trip(byHand{t.AccessToken, t.Expiry})},
				{"waltz", trip(consumer.Client(ctx).Transport)},
				{"golang.org/x/oauth2", trip(&oauth2.Transport{Source: oauth2.ReuseTokenSource(t.OAuth2(), nil), Base: nowhere{}})},
			}, nil
		},
	}
}

// consumerOver is a consumer whose tokens are in memory behind a cache.
func consumerOver(ctx context.Context, s *stage, p provider.Provider) (*waltz.Consumer, error) {
	cached, err := cache.New(cache.Config{Next: memstore.New()})
	if err != nil {
		return nil, err
	}
	background(ctx, s, cached.Run)
	app, err := waltz.New(waltz.Config{
		Secret: fakeSecret, Storage: cached, HTTPClient: &http.Client{Transport: nowhere{}}, Logger: slog.New(slog.DiscardHandler),
		User: func(context.Context) (string, error) { return fakeUser, nil },
	})
	if err != nil {
		return nil, err
	}
	return app.Register(waltz.Registration{Provider: p, ClientID: fakeID, ClientSecret: "fake"})
}

// background runs f until the stage is taken down.
func background(ctx context.Context, s *stage, f func(context.Context)) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		f(ctx)
	}()
	s.after(func() error {
		cancel()
		<-done
		return nil
	})
}

// nowhere answers every request with an empty page.
type nowhere struct{}

func (nowhere) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader("")), Request: r}, nil
}

// byHand is the least that keeps the promise of a RoundTripper not to change the request.
type byHand struct {
	token  string
	expiry time.Time
}

func (h byHand) RoundTrip(r *http.Request) (*http.Response, error) {
	if !h.expiry.IsZero() && !time.Now().Before(h.expiry) {
		return nil, token.ErrNotFound
	}
	out := *r
	out.Header = r.Header.Clone()
	if out.Header == nil {
		out.Header = make(http.Header, 1)
	}
	out.Header.Set("Authorization", "Bearer "+h.token)
	return nowhere{}.RoundTrip(&out)
}
