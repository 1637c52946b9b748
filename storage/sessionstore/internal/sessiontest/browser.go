package sessiontest

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"

	"github.com/waltz-oauth/waltz/token"
)

// Browser has a cookie jar and sends requests to an application.
type Browser struct {
	client   *http.Client
	url      *url.URL
	handlers *sync.Map // by the query that asks for one: http.HandlerFunc
}

// NewBrowser starts an application with middleware around it, and returns a browser without cookies.
func NewBrowser(t *testing.T, https bool, middleware func(http.Handler) http.Handler) *Browser {
	t.Helper()
	handlers := new(sync.Map)
	server := httptest.NewUnstartedServer(middleware(dispatch(handlers)))
	if https {
		server.StartTLS()
	} else {
		server.Start()
	}
	t.Cleanup(server.Close)
	return newBrowser(t, server.Client(), server.URL, handlers)
}

// newDirectBrowser returns a browser without cookies that calls its application without a network
// between, for tests with thousands of requests.
func newDirectBrowser(t *testing.T, middleware func(http.Handler) http.Handler) *Browser {
	t.Helper()
	handlers := new(sync.Map)
	client := &http.Client{Transport: direct{middleware(dispatch(handlers))}}
	return newBrowser(t, client, "https://app.example", handlers)
}

func newBrowser(t *testing.T, client *http.Client, at string, handlers *sync.Map) *Browser {
	t.Helper()
	to, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	if client.Jar, err = cookiejar.New(nil); err != nil {
		t.Fatal(err)
	}
	return &Browser{client, to, handlers}
}

// dispatch answers each request with the handler that its query names, which is in this process.
func dispatch(handlers *sync.Map) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f, _ := handlers.LoadAndDelete(r.URL.RawQuery)
		f.(http.HandlerFunc)(w, r)
	})
}

// direct is a transport that is a handler.
type direct struct{ h http.Handler }

func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	w := httptest.NewRecorder()
	d.h.ServeHTTP(w, r)
	return w.Result(), nil
}

// Answer is a response without its body.
type Answer struct {
	Status int
	Header http.Header
}

// Cookies returns those that the response sets or removes, in its order.
func (a Answer) Cookies() []*http.Cookie { return (&http.Response{Header: a.Header}).Cookies() }

// Do sends one request, which f answers.
func (b *Browser) Do(ctx context.Context, f http.HandlerFunc) (Answer, error) {
	to := *b.url
	to.RawQuery = rand.Text()
	b.handlers.Store(to.RawQuery, f)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, to.String(), nil)
	if err != nil {
		return Answer{}, err
	}
	resp, err := b.client.Do(req)
	if err != nil {
		return Answer{}, err
	}
	_, err = io.Copy(io.Discard, resp.Body) // to its end: a client that leaves cancels the request
	return Answer{resp.StatusCode, resp.Header}, errors.Join(err, resp.Body.Close())
}

// Cookies returns what the browser would send.
func (b *Browser) Cookies() []*http.Cookie { return b.client.Jar.Cookies(b.url) }

// SetCookies puts cookies into the browser, in place of those of the same names.
func (b *Browser) SetCookies(all ...*http.Cookie) { b.client.Jar.SetCookies(b.url, all) }

// perRequest is a storage whose every call is a request of its own.
type perRequest struct {
	b    *Browser
	next token.Storage
	mu   *sync.Mutex // nil: calls at the same time are requests at the same time
}

func (p perRequest) Get(ctx context.Context, key token.Key) (r token.Record, err error) {
	err = p.call(ctx, func(inside context.Context) (err error) {
		r, err = p.next.Get(inside, key)
		return err
	})
	return r, err
}

func (p perRequest) Set(ctx context.Context, key token.Key, r token.Record) error {
	return p.call(ctx, func(inside context.Context) error { return p.next.Set(inside, key, r) })
}

func (p perRequest) Delete(ctx context.Context, key token.Key) error {
	return p.call(ctx, func(inside context.Context) error { return p.next.Delete(inside, key) })
}

func (p perRequest) call(ctx context.Context, f func(context.Context) error) error {
	if p.mu != nil {
		p.mu.Lock()
		defer p.mu.Unlock()
	}
	answered := make(chan error, 1)
	if _, err := p.b.Do(ctx, func(_ http.ResponseWriter, r *http.Request) { answered <- f(r.Context()) }); err != nil {
		return err
	}
	return <-answered
}
