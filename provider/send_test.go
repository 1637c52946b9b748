package provider_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz/provider"
)

// Whatever becomes of an answer, what was spent is spent once, and the failure is doubtful.
func TestASpendIsOneRequest(t *testing.T) {
	t.Parallel()
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("a redirect was followed: %s %s", r.Method, r.URL)
	}))
	t.Cleanup(elsewhere.Close)
	redirect := func(status int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL, status)
		}
	}
	for name, h := range map[string]http.HandlerFunc{
		"hung up on":    raw(""),
		"truncated":     raw("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"access_token\":\"a\""),
		"cut 400":       raw("HTTP/1.1 400 Bad Request\r\nContent-Length: 1000\r\n\r\n{\"error\":\"invalid_grant\"}"),
		"cut 401":       raw("HTTP/1.1 401 Unauthorized\r\nContent-Length: 1000\r\n\r\n"),
		"half a header": raw("HTTP/1.1 200"),
		"too large":     says(200, `{"access_token":"a","more":"`+strings.Repeat("a", 1<<20)+`"}`),
		"301":           redirect(301),
		"302":           redirect(302),
		"303":           redirect(303),
		"307":           redirect(307),
		"308":           redirect(308),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, requests := serve(t, func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				if r.URL.Path == "/api/" { // leaves an idle connection for the spend to take
					return
				}
				h(w, r)
			})
			get(t, c)
			_, err := c.Refresh(t.Context(), stored(t, ""))
			if e := failed(t, err); e.Kind != provider.Doubtful {
				t.Errorf("got %v", err)
			}
			get(t, c)
			_, err = c.Exchange(t.Context(), grant())
			if e := failed(t, err); e.Kind != provider.Doubtful {
				t.Errorf("got %v", err)
			}
			if requests.Load() != 4 {
				t.Errorf("%d requests, want one for each of four calls", requests.Load())
			}
		})
	}
}

func get(t *testing.T, c *provider.Client) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.Provider.APIBase, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := c.HTTP.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
}

func TestASlowAnswerIsDoubtful(t *testing.T) {
	t.Parallel()
	for name, h := range map[string]func(http.ResponseWriter){
		"no header": func(http.ResponseWriter) {},
		"no end": func(w http.ResponseWriter) {
			_, _ = io.WriteString(w, `{"access_token":"a"`)
			_ = http.NewResponseController(w).Flush()
		},
	} {
		for _, how := range []string{"time-out", "deadline", "given up"} {
			t.Run(name+", "+how, func(t *testing.T) {
				t.Parallel()
				arrived, done := make(chan struct{}), make(chan struct{})
				c, requests := serve(t, func(w http.ResponseWriter, r *http.Request) {
					_, _ = io.Copy(io.Discard, r.Body)
					h(w)
					close(arrived)
					<-done
				})
				t.Cleanup(func() { close(done) })
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				want := context.DeadlineExceeded
				switch how {
				case "time-out":
					c.HTTP.Timeout = 50 * time.Millisecond
				case "deadline":
					ctx, cancel = context.WithTimeout(ctx, 50*time.Millisecond)
					defer cancel()
				case "given up":
					want = context.Canceled
					go func() { <-arrived; cancel() }()
				}
				_, err := c.Refresh(ctx, stored(t, ""))
				if e := failed(t, err); e.Kind != provider.Doubtful || !errors.Is(err, want) {
					t.Errorf("got %v, want doubtful and %v", err, want)
				}
				<-arrived
				if requests.Load() != 1 {
					t.Errorf("%d requests", requests.Load())
				}
			})
		}
	}
}

func TestAnEndlessAnswerIsNotReadToItsEnd(t *testing.T) {
	t.Parallel()
	c, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		for {
			if _, err := w.Write(make([]byte, 1<<16)); err != nil {
				return
			}
		}
	})
	_, err := c.Refresh(t.Context(), stored(t, ""))
	if e := failed(t, err); e.Kind != provider.Doubtful || e.Status != 200 || !strings.Contains(err.Error(), "larger than 1 MiB") {
		t.Errorf("got %v", err)
	}
}

// replaying sends a request again when the first try fails, as a careless transport would.
type replaying struct{}

func (replaying) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err == nil {
		return resp, nil
	}
	return http.DefaultTransport.RoundTrip(r)
}

func TestATransportThatSendsAgainHasNothingToSend(t *testing.T) {
	t.Parallel()
	var spent atomic.Int32
	c, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if b, _ := io.ReadAll(r.Body); strings.Contains(string(b), "refresh_token=") {
			spent.Add(1)
		}
		raw("")(w, r)
	})
	c.HTTP = &http.Client{Transport: replaying{}}
	_, err := c.Refresh(t.Context(), stored(t, ""))
	if e := failed(t, err); e.Kind != provider.Doubtful {
		t.Errorf("got %v", err)
	}
	if spent.Load() != 1 {
		t.Errorf("the refresh token arrived %d times", spent.Load())
	}
}

// late fails at once and sends what it was given later.
type late struct{ sent chan error }

func (l late) RoundTrip(r *http.Request) (*http.Response, error) {
	go func() {
		_, err := io.ReadAll(r.Body)
		l.sent <- err
	}()
	return nil, errors.New("no answer")
}

func TestWhatWasCalledUnsentStaysUnsent(t *testing.T) {
	t.Parallel()
	for range 100 { // either order may happen; both must be told as they are
		l := late{make(chan error, 1)}
		c := &provider.Client{Provider: provider.GitHub(), ID: "fake-id", Secret: fakeSecret, HTTP: &http.Client{Transport: l}}
		_, err := c.Refresh(t.Context(), stored(t, ""))
		unsent := failed(t, err).Kind == provider.Unsent
		if refused := <-l.sent != nil; refused != unsent {
			t.Fatalf("called unsent: %t; body refused: %t", unsent, refused)
		}
	}
}
