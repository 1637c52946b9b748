package waltz_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz"
	"github.com/waltz-oauth/waltz/provider"
	"github.com/waltz-oauth/waltz/storage/cache"
	"github.com/waltz-oauth/waltz/storage/memstore"
	"github.com/waltz-oauth/waltz/token"
)

// nowhere answers every request with an empty page.
type nowhere struct{}

func (nowhere) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader("")), Request: r}, nil
}

// A request whose token is fresh and cached costs a copy of the request with the header, which has to be.
func TestAllocationsOfARequest(t *testing.T) {
	cached, err := cache.New(cache.Config{Next: memstore.New()})
	if err != nil {
		t.Fatal(err)
	}
	app, err := waltz.New(waltz.Config{
		Secret: fakeSecret, Storage: cached, User: currentUser,
		HTTPClient: &http.Client{Transport: nowhere{}}, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	consumer, err := app.Register(waltz.Registration{Provider: provider.Google(), ClientID: "fake-id", ClientSecret: "fake-secret"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(waltz.WithUser(t.Context(), "7"))
	defer cancel()
	tok := &token.Token{AccessToken: "fake-access", TokenType: "Bearer", Expiry: time.Now().Add(time.Hour)}
	if err := consumer.Save(ctx, tok); err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://www.googleapis.com/userinfo", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	count := func(trip func(*http.Request) (*http.Response, error)) float64 {
		return testing.AllocsPerRun(200, func() {
			resp, err := trip(r)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
		})
	}
	byHand := count(func(r *http.Request) (*http.Response, error) {
		out := r.WithContext(ctx)
		out.Header = make(http.Header)
		out.Header.Set("Authorization", "Bearer "+tok.AccessToken)
		return nowhere{}.RoundTrip(out)
	})
	if got := count(consumer.Client(ctx).Transport.RoundTrip); got > byHand {
		t.Errorf("%v allocations, %v by hand", got, byHand)
	}
}
