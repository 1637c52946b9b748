package provider_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
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

func TestACallHasADeadline(t *testing.T) {
	t.Parallel()
	const never = time.Hour
	for name, tt := range map[string]struct {
		timeout, deadline, given time.Duration
		want                     time.Duration
		is                       error
	}{
		"of its own":    {0, never, never, 10 * time.Second, context.DeadlineExceeded},
		"of the client": {time.Minute, never, never, time.Minute, context.DeadlineExceeded},
		"of the caller": {time.Minute, time.Second, never, time.Second, context.DeadlineExceeded},
		"given up":      {time.Minute, never, time.Second, time.Second, context.Canceled},
	} {
		for until, kind := range map[string]provider.Kind{"connected": provider.Unsent, "answered": provider.Doubtful, "at its end": provider.Doubtful} {
			t.Run(name+", not "+until, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					c := &provider.Client{
						Provider: provider.Provider{Name: "fake", TokenURL: "http://127.0.0.1/token"}, ID: "fake-id", Secret: fakeSecret,
						HTTP: &http.Client{Transport: &http.Transport{DialContext: stuck(t.Context(), until)}, Timeout: tt.timeout},
					}
					ctx, cancel := context.WithTimeout(t.Context(), tt.deadline)
					defer cancel()
					time.AfterFunc(tt.given, cancel)
					began := time.Now()
					_, err := c.Refresh(ctx, stored(t, ""))
					if e := failed(t, err); e.Kind != kind || !errors.Is(err, tt.is) || time.Since(began) != tt.want {
						t.Errorf("got %v after %s, want %s and %v after %s", err, time.Since(began), kind, tt.is, tt.want)
					}
				})
			})
		}
	}
}

// stuck dials a server that does not come as far as until, before over is done.
func stuck(over context.Context, until string) func(context.Context, string, string) (net.Conn, error) {
	return func(context.Context, string, string) (net.Conn, error) {
		if until == "connected" {
			<-over.Done() // net/http lets a dial go on when its request was given up
			return nil, over.Err()
		}
		here, there := net.Pipe()
		go func() {
			defer func() { _ = there.Close() }()
			in := bufio.NewReader(there)
			r, err := http.ReadRequest(in)
			if err != nil {
				return
			}
			_, _ = io.Copy(io.Discard, r.Body)
			if until == "at its end" {
				_, _ = io.WriteString(there, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"access_token\":\"a\"")
			}
			_, _ = in.ReadByte() // the caller hangs up
		}()
		return here, nil
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
