package waltz

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/waltz-oauth/waltz/provider"
	"github.com/waltz-oauth/waltz/token"
)

// api is a provider's API on loopback, and what it saw.
type api struct {
	*httptest.Server
	seen []string // "METHOD path authorization body"
}

func newAPI(t *testing.T, h http.HandlerFunc) *api {
	t.Helper()
	a := &api{}
	a.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		a.seen = append(a.seen, strings.TrimSpace(r.Method+" "+r.URL.RequestURI()+" "+r.Header.Get("Authorization")+" "+string(body)))
		h(w, r)
	}))
	t.Cleanup(a.Close)
	return a
}

func (a *api) provider() provider.Provider {
	return provider.Provider{Name: "test", APIBase: a.URL + "/v3/", APIHeaders: map[string]string{"X-Api": "2"}}
}

// renewing is a source whose token is replaced once.
type renewing struct {
	first, second string
	err           error
	renewals      atomic.Int32
}

func (s *renewing) token(context.Context) (*token.Token, error) {
	return &token.Token{AccessToken: s.first}, nil
}

func (s *renewing) renewed(context.Context, *token.Token) (*token.Token, error) {
	s.renewals.Add(1)
	return &token.Token{AccessToken: s.second}, s.err
}

func testClient(ctx context.Context, p provider.Provider, s source) *http.Client {
	return (&Consumer{app: &App{}, reg: Registration{Provider: p}, client: &provider.Client{Provider: p}}).clientWith(ctx, s)
}

// get returns the status of the answer.
func get(t *testing.T, c *http.Client, url string) (int, error) {
	t.Helper()
	resp, err := c.Get(url)
	if err != nil {
		return 0, err
	}
	return resp.StatusCode, resp.Body.Close()
}

func equal(t *testing.T, got []string, want ...string) {
	t.Helper()
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("the API saw\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestClientSendsRelativeURLsToTheAPI(t *testing.T) {
	t.Parallel()
	a := newAPI(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Api") != "2" {
			w.WriteHeader(http.StatusBadRequest)
		}
	})
	c := testClient(t.Context(), a.provider(), fixed{&token.Token{AccessToken: "fake"}})
	for _, url := range []string{"/user", "user", "/a%2Fb?q=1", "", a.URL + "/other"} {
		if status, err := get(t, c, url); err != nil || status != http.StatusOK {
			t.Errorf("GET %q: %v, %v", url, status, err)
		}
	}
	equal(t, a.seen, "GET /v3/user Bearer fake", "GET /v3/user Bearer fake", "GET /v3/a%2Fb?q=1 Bearer fake",
		"GET /v3/ Bearer fake", "GET /other Bearer fake")
	for _, url := range []string{"file:///user", "user:1", "https:///user"} {
		if _, err := get(t, c, url); !errors.Is(err, ErrHost) {
			t.Errorf("GET %q: %v, want ErrHost", url, err)
		}
	}
}

func TestClientResolvesRedirectsOfRelativeURLs(t *testing.T) {
	t.Parallel()
	a := newAPI(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v3/old" {
			w.Header().Set("Location", "/v3/new")
			w.WriteHeader(http.StatusFound)
		}
	})
	c := testClient(t.Context(), a.provider(), fixed{&token.Token{AccessToken: "fake"}})
	if _, err := get(t, c, "/old"); err != nil {
		t.Fatal(err)
	}
	equal(t, a.seen, "GET /v3/old Bearer fake", "GET /v3/new Bearer fake")
}

func TestClientKeepsTheTokenFromOtherHosts(t *testing.T) {
	t.Parallel()
	other := newAPI(t, func(http.ResponseWriter, *http.Request) {})
	a := newAPI(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL+"/object", http.StatusFound)
	})
	c := testClient(t.Context(), a.provider(), fixed{&token.Token{AccessToken: "fake"}})
	if _, err := get(t, c, "/download"); err != nil {
		t.Fatal(err)
	}
	equal(t, other.seen, "GET /object")
	if _, err := get(t, c, other.URL+"/direct"); !errors.Is(err, ErrHost) {
		t.Errorf("a direct request: %v, want ErrHost", err)
	}
	if _, err := get(t, c, "http://api.example/"); !errors.Is(err, ErrHost) {
		t.Errorf("plain http: %v, want ErrHost", err)
	}
	equal(t, other.seen, "GET /object")
}

func TestClientSendsAgainOnceAfterA401(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		body     func() io.Reader
		second   string
		err      error
		want     []string
		status   int
		renewals int32
	}{
		"no body":            {func() io.Reader { return nil }, "new", nil, []string{"POST /v3/x Bearer old", "POST /v3/x Bearer new"}, 200, 1},
		"replayable body":    {func() io.Reader { return bytes.NewReader([]byte("hello")) }, "new", nil, []string{"POST /v3/x Bearer old hello", "POST /v3/x Bearer new hello"}, 200, 1},
		"body of one use":    {func() io.Reader { return io.MultiReader(strings.NewReader("hello")) }, "new", nil, []string{"POST /v3/x Bearer old hello"}, 401, 1},
		"same token":         {func() io.Reader { return nil }, "old", nil, []string{"POST /v3/x Bearer old"}, 401, 1},
		"still refused":      {func() io.Reader { return nil }, "worse", nil, []string{"POST /v3/x Bearer old", "POST /v3/x Bearer worse"}, 401, 1},
		"refresh impossible": {func() io.Reader { return nil }, "", errors.New("down"), []string{"POST /v3/x Bearer old"}, 401, 1},
		"grant ended":        {func() io.Reader { return nil }, "", ErrReauthorize, []string{"POST /v3/x Bearer old"}, 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAPI(t, func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Authorization") != "Bearer new" {
					w.WriteHeader(http.StatusUnauthorized)
				}
			})
			s := &renewing{first: "old", second: test.second, err: test.err}
			c := testClient(t.Context(), a.provider(), s)
			resp, err := c.Post("/x", "text/plain", test.body())
			if test.status == 0 {
				if !errors.Is(err, ErrReauthorize) {
					t.Errorf("got %v, want ErrReauthorize", err)
				}
			} else {
				if err != nil {
					t.Fatal(err)
				}
				defer func() { _ = resp.Body.Close() }()
				if resp.StatusCode != test.status {
					t.Errorf("status %d, want %d", resp.StatusCode, test.status)
				}
			}
			equal(t, a.seen, test.want...)
			if n := s.renewals.Load(); n != test.renewals {
				t.Errorf("%d renewals, want %d", n, test.renewals)
			}
		})
	}
}

func TestClientEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	started := make(chan struct{})
	a := newAPI(t, func(_ http.ResponseWriter, r *http.Request) {
		close(started)
		<-r.Context().Done()
	})
	go func() {
		<-started
		cancel()
	}()
	if _, err := get(t, testClient(ctx, a.provider(), fixed{&token.Token{}}), "/slow"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}

// waiting is a source that has no token before it is given up.
type waiting struct{ fixed }

func (waiting) token(ctx context.Context) (*token.Token, error) {
	<-ctx.Done()
	return nil, context.Cause(ctx)
}

func TestWaitingForATokenEndsWithTheRequest(t *testing.T) {
	t.Parallel()
	gaveUp := errors.New("gave up")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(gaveUp)
	r, err := http.NewRequestWithContext(ctx, "GET", "/user", nil)
	if err != nil {
		t.Fatal(err)
	}
	p := provider.Provider{Name: "test", APIBase: "https://api.example/"}
	_, err = testClient(context.WithoutCancel(t.Context()), p, waiting{}).Transport.RoundTrip(r)
	if !errors.Is(err, gaveUp) {
		t.Errorf("got %v, want the request's", err)
	}
}

func TestClientDoesNotChangeTheRequest(t *testing.T) {
	t.Parallel()
	a := newAPI(t, func(http.ResponseWriter, *http.Request) {})
	c := testClient(t.Context(), a.provider(), fixed{&token.Token{AccessToken: "fake"}})
	r, err := http.NewRequestWithContext(t.Context(), "GET", "/user", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if r.URL.String() != "/user" || len(r.Header) != 0 {
		t.Errorf("the request is now %v with %v", r.URL, r.Header)
	}
}

func TestClientSendsNoTokenWhereAnotherHostLeads(t *testing.T) {
	t.Parallel()
	var a *api
	other := newAPI(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, a.URL+"/v3/chosen/by/another", http.StatusFound)
	})
	a = newAPI(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v3/start" {
			http.Redirect(w, r, other.URL, http.StatusFound)
		}
	})
	c := testClient(t.Context(), a.provider(), fixed{&token.Token{AccessToken: "fake"}})
	if _, err := get(t, c, "/start"); err != nil {
		t.Fatal(err)
	}
	equal(t, a.seen, "GET /v3/start Bearer fake", "GET /v3/chosen/by/another")
}

func TestClientSendsBearerTokensOnly(t *testing.T) {
	t.Parallel()
	a := newAPI(t, func(http.ResponseWriter, *http.Request) {})
	for _, refused := range []*token.Token{
		{AccessToken: "fake", TokenType: "mac"},
		{AccessToken: "fake", TokenType: "DPoP"},
		{AccessToken: "fake", Secret: "fake"}, // OAuth 1
	} {
		if _, err := get(t, testClient(t.Context(), a.provider(), fixed{refused}), "/user"); !errors.Is(err, ErrTokenType) {
			t.Errorf("%v: %v, want ErrTokenType", refused, err)
		}
	}
	for _, taken := range []string{"", "Bearer", "bearer", "token"} {
		if _, err := get(t, testClient(t.Context(), a.provider(), fixed{&token.Token{AccessToken: "fake", TokenType: taken}}), "/user"); err != nil {
			t.Errorf("type %q: %v", taken, err)
		}
	}
	if len(a.seen) != 4 {
		t.Errorf("the API saw %q", a.seen)
	}
}

func TestAnswersDoNotHoldTheToken(t *testing.T) {
	t.Parallel()
	a := newAPI(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v3/old" {
			http.Redirect(w, r, "/v3/new", http.StatusFound)
		}
	})
	c := testClient(t.Context(), a.provider(), fixed{&token.Token{AccessToken: "fake-canary"}})
	c.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		if got := r.Response.Request.Header; len(got) != 0 {
			t.Errorf("a redirect's answer has the header %v", got)
		}
		return nil
	}
	resp, err := c.Get("/old")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if got := resp.Request.Header.Get("Authorization"); got != "" {
		t.Error("the answer has the token")
	}
	if resp.Request.URL.Path != "/v3/new" {
		t.Errorf("the answer is to %v", resp.Request.URL)
	}
}
