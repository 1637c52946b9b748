package provider_test

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/waltz-oauth/waltz/provider"
)

// What follows is answered by a provider that means harm: to the memory, the time or the accounts of
// those who ask it.

// calls are all that are made to a provider, by the path that answers them.
func calls(t *testing.T) map[string]func(context.Context, *provider.Client) error {
	t.Helper()
	was := stored(t, `,"scope":"`+strings.Repeat("s ", 1000)+`"`)
	return map[string]func(context.Context, *provider.Client) error{
		"/token": func(ctx context.Context, c *provider.Client) error {
			_, err := c.Exchange(ctx, grant())
			return err
		},
		"/refresh": func(ctx context.Context, c *provider.Client) error {
			_, err := c.Refresh(ctx, was)
			return err
		},
		"/revoke": func(ctx context.Context, c *provider.Client) error { return c.Revoke(ctx, was) },
		"/userinfo": func(ctx context.Context, c *provider.Client) error {
			_, err := c.Identity(ctx, was)
			return err
		},
		"/emails": func(ctx context.Context, c *provider.Client) error {
			c.Provider.Userinfo.EmailsURL = strings.Replace(c.Provider.TokenURL, "/token", "/emails", 1)
			_, err := c.Identity(ctx, was)
			return err
		},
		"/.well-known/openid-configuration": func(ctx context.Context, c *provider.Client) error {
			_, err := provider.Discover(ctx, c.HTTP, strings.TrimSuffix(c.Provider.TokenURL, "/token"))
			return err
		},
		"/keys": func(ctx context.Context, c *provider.Client) error {
			c.Provider.Issuer = strings.TrimSuffix(c.Provider.TokenURL, "/token")
			c.Provider.JWKSURL = c.Provider.Issuer + "/keys"
			_, err := c.Exchange(ctx, grant())
			return err
		},
	}
}

// good is how an answer of each path begins that would be right, but for what follows.
func good(site, path string) string {
	switch path {
	case "/userinfo":
		return `{"sub":"1001"`
	case "/emails":
		return `[{"email":"jo@example.org"`
	case "/keys":
		return `{"keys":[]`
	case "/.well-known/openid-configuration":
		return `{"issuer":"` + site + `","authorization_endpoint":"` + site + `/a","token_endpoint":"` + site + `/t"`
	default:
		return `{"access_token":"fake-next","refresh_token":"fake-next","id_token":"eyJhbGciOiJSUzI1NiJ9.e30.AAAA"`
	}
}

// under attacks each call with what answer makes of its path.
func under(t *testing.T, answer func(w http.ResponseWriter, r *http.Request), check func(t *testing.T, err error)) {
	t.Helper()
	for path, call := range calls(t) {
		t.Run(path[1:], func(t *testing.T) {
			t.Parallel()
			c, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == path {
					answer(w, r)
					return
				}
				_, _ = io.WriteString(w, good("", r.URL.Path)+"}")
			})
			c.Provider.RefreshURL = strings.Replace(c.Provider.TokenURL, "/token", "/refresh", 1)
			check(t, call(t.Context(), c))
		})
	}
}

// large fails unless err says that an answer was too large, or no answer.
func large(t *testing.T, err error) {
	t.Helper()
	if e, ok := errors.AsType[*provider.Error](err); !ok || e.Kind != provider.Doubtful {
		t.Errorf("got %v, want a provider's error that is doubtful", err)
	}
}

// TestAttackOversizedAnswer sends 32 MiB to whoever reads them.
func TestAttackOversizedAnswer(t *testing.T) {
	t.Parallel()
	under(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, good("http://"+r.Host, r.URL.Path)+`,"more":"`)
		for range 32 {
			if _, err := w.Write([]byte(strings.Repeat("a", 1<<20))); err != nil {
				return
			}
		}
		_, _ = io.WriteString(w, end(r))
		t.Errorf("the whole answer at %s was read", r.URL.Path)
	}, large)
}

// end is how an answer ends that would be right.
func end(r *http.Request) string {
	if r.URL.Path == "/emails" {
		return `"}]`
	}
	return `"}`
}

// TestAttackGzipBomb sends 4 MiB in as many kilobytes.
func TestAttackGzipBomb(t *testing.T) {
	t.Parallel()
	under(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		_, _ = io.WriteString(z, good("http://"+r.Host, r.URL.Path)+`,"more":"`)
		for range 4 {
			_, _ = z.Write([]byte(strings.Repeat("a", 1<<20)))
		}
		_, _ = io.WriteString(z, end(r))
		_ = z.Close()
	}, large)
}

func TestAttackEndlessHeader(t *testing.T) {
	t.Parallel()
	under(t, func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = conn.Close() }()
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nX: ")
		for {
			if _, err := io.WriteString(conn, strings.Repeat("a", 1<<16)); err != nil {
				return
			}
		}
	}, large)
}

// slow answers, and trickles where path is asked.
type slow struct{ path string }

func (s slow) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		_, _ = io.Copy(io.Discard, r.Body)
	}
	resp := &http.Response{StatusCode: http.StatusOK, Header: make(http.Header), Request: r}
	resp.Body = io.NopCloser(strings.NewReader(good("", r.URL.Path) + "}"))
	if r.URL.Path == s.path {
		resp.Body = trickle{r.Context()}
	}
	return resp, nil
}

// trickle is a body of a byte a second, until its request is given up.
type trickle struct{ ctx context.Context }

func (b trickle) Read(p []byte) (int, error) {
	select {
	case <-time.After(time.Second):
		return copy(p, " "), nil
	case <-b.ctx.Done():
		return 0, b.ctx.Err()
	}
}

func (trickle) Close() error { return nil }

// TestAttackSlowAnswer keeps each call waiting, a byte a second, for as long as it will.
func TestAttackSlowAnswer(t *testing.T) {
	t.Parallel()
	for path, call := range calls(t) {
		t.Run(path[1:], func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := &provider.Client{ID: "fake-id", Secret: fakeSecret, HTTP: &http.Client{Transport: slow{path}}, Provider: provider.Provider{
					Name: "fake", TokenURL: "http://127.0.0.1/token", RefreshURL: "http://127.0.0.1/refresh",
					Userinfo: provider.Userinfo{URL: "http://127.0.0.1/userinfo"}, Revocation: provider.Revocation{URL: "http://127.0.0.1/revoke"},
				}}
				began := time.Now()
				err := call(t.Context(), c)
				if e, ok := errors.AsType[*provider.Error](err); !ok || e.Kind != provider.Doubtful {
					t.Errorf("got %v, want a provider's error that is doubtful", err)
				}
				most := 10 * time.Second
				if path == "/revoke" {
					most *= 2 // one call for each of two tokens
				}
				if took := time.Since(began); took < time.Second || took > most {
					t.Errorf("took %s, want %s at most", took, most)
				}
			})
		})
	}
}
