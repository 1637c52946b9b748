package respond

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// serve answers one request with h on a real server and returns the response; before adds the
// header Held to it.
func serve(t *testing.T, http2 bool, h func(w *Writer, r *http.Request)) *http.Response {
	t.Helper()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		times := 0
		rw := New(w, func(header http.Header) {
			times++
			header.Set("Held", fmt.Sprint(times))
		})
		if rw.Begun() {
			t.Error("begun before anything was written")
		}
		h(rw, r)
		rw.Finish()
		if times != 1 {
			t.Errorf("before was called %d times", times)
		}
	}))
	server.EnableHTTP2 = http2
	server.StartTLS()
	t.Cleanup(server.Close)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := server.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = resp.Body.Close() })
	if want := 1 + btoi(http2); resp.ProtoMajor != want {
		t.Fatalf("HTTP/%d, want HTTP/%d", resp.ProtoMajor, want)
	}
	return resp
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func TestBeforeRunsAheadOfTheFirstByte(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("body"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		status int
		body   string
		begin  func(w *Writer) error
	}{
		{"nothing", 200, "", func(*Writer) error { return nil }},
		{"Write", 200, "body", func(w *Writer) error {
			_, err := w.Write([]byte("body"))
			return err
		}},
		{"empty Write", 200, "", func(w *Writer) error {
			_, err := w.Write(nil)
			return err
		}},
		{"WriteString", 200, "body", func(w *Writer) error {
			_, err := io.WriteString(w, "body")
			return err
		}},
		{"ReadFrom", 200, "body", func(w *Writer) error {
			f, err := os.Open(file)
			if err != nil {
				return err
			}
			defer func() { _ = f.Close() }()
			_, err = io.Copy(w, f)
			return err
		}},
		{"WriteHeader", 404, "", func(w *Writer) error {
			w.WriteHeader(404)
			return nil
		}},
		{"no content", 204, "", func(w *Writer) error {
			w.WriteHeader(204)
			return nil
		}},
		{"Flush", 200, "", func(w *Writer) error {
			w.Flush()
			return nil
		}},
		{"ResponseController.Flush", 200, "", func(w *Writer) error {
			return http.NewResponseController(w).Flush()
		}},
		{"twice", 201, "body", func(w *Writer) error {
			w.WriteHeader(201)
			_, err := w.Write([]byte("body"))
			w.Flush()
			return err
		}},
	} {
		for _, http2 := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/http2=%v", c.name, http2), func(t *testing.T) {
				t.Parallel()
				resp := serve(t, http2, func(w *Writer, _ *http.Request) {
					if err := c.begin(w); err != nil {
						t.Error(err)
					}
					if c.name != "nothing" && !w.Begun() {
						t.Error("not begun")
					}
				})
				body, err := io.ReadAll(resp.Body)
				if err != nil || string(body) != c.body || resp.StatusCode != c.status {
					t.Errorf("got %d %q, %v", resp.StatusCode, body, err)
				}
				if resp.Header.Get("Held") != "1" {
					t.Error("the header that before set is not there")
				}
			})
		}
	}
}

func TestAnInformationalStatusBeginsNothing(t *testing.T) {
	t.Parallel()
	for _, http2 := range []bool{false, true} {
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			rw := New(w, func(h http.Header) { h.Set("Held", "1") })
			rw.WriteHeader(http.StatusEarlyHints)
			if rw.Begun() {
				t.Error("begun by status 103")
			}
			rw.WriteHeader(http.StatusAccepted)
		}))
		server.EnableHTTP2 = http2
		server.StartTLS()
		hints := 0
		ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
			Got1xxResponse: func(_ int, h textproto.MIMEHeader) error {
				hints++
				if h.Get("Held") != "" {
					t.Error("before ran ahead of status 103")
				}
				return nil
			},
		})
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := server.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		server.Close()
		if hints != 1 || resp.StatusCode != http.StatusAccepted || resp.Header.Get("Held") != "1" {
			t.Errorf("%d hints, then %d, held %q", hints, resp.StatusCode, resp.Header.Get("Held"))
		}
	}
	rw := New(httptest.NewRecorder(), nil)
	rw.WriteHeader(http.StatusSwitchingProtocols)
	if !rw.Begun() {
		t.Error("status 101 is final here: the connection speaks another protocol from then on")
	}
}

func TestHijackBegins(t *testing.T) {
	t.Parallel()
	resp := serve(t, false, func(w *Writer, _ *http.Request) {
		conn, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = conn.Close() }()
		if !w.Begun() {
			t.Error("not begun by Hijack")
		}
		_, _ = rw.WriteString("HTTP/1.1 200 OK\r\nConnection: close\r\n")
		_ = w.Header().Write(rw)
		_, _ = rw.WriteString("\r\n")
		_ = rw.Flush()
	})
	if resp.Header.Get("Held") != "1" {
		t.Error("the handler did not find in Header what before set")
	}
}

func TestAHijackThatFailsBeginsNothing(t *testing.T) {
	t.Parallel()
	resp := serve(t, true, func(w *Writer, _ *http.Request) {
		if _, _, err := w.Hijack(); !errors.Is(err, http.ErrNotSupported) {
			t.Errorf("HTTP/2 gave a connection: %v", err)
		}
		if w.Begun() {
			t.Error("begun")
		}
		w.WriteHeader(http.StatusTeapot)
	})
	if resp.StatusCode != http.StatusTeapot {
		t.Errorf("status %d", resp.StatusCode)
	}
}

func TestAFlushThatFailsBeginsNothing(t *testing.T) {
	t.Parallel()
	below := httptest.NewRecorder()
	w := New(struct{ http.ResponseWriter }{below}, nil) // which has nothing else
	if err := http.NewResponseController(w).Flush(); !errors.Is(err, http.ErrNotSupported) {
		t.Errorf("got %v", err)
	}
	w.WriteHeader(http.StatusTeapot)
	if below.Code != http.StatusTeapot {
		t.Errorf("status %d", below.Code)
	}
}

func TestResponseControllerFindsTheRest(t *testing.T) {
	t.Parallel()
	for _, http2 := range []bool{false, true} {
		serve(t, http2, func(w *Writer, _ *http.Request) {
			c := http.NewResponseController(w)
			at := time.Now().Add(time.Minute)
			if err := errors.Join(c.SetReadDeadline(at), c.SetWriteDeadline(at), c.EnableFullDuplex()); err != nil {
				t.Errorf("http2=%v: %v", http2, err)
			}
			if w.Begun() {
				t.Error("begun by a deadline")
			}
		})
	}
}

func TestAFlushIsSeenByWhoeverWaitsForAStatus(t *testing.T) {
	t.Parallel()
	below := httptest.NewRecorder()
	statuses := &statusWriter{ResponseWriter: below}
	w := New(statuses, nil)
	w.Flush()
	w.Flush()
	if fmt.Sprint(statuses.seen) != "[200]" || !below.Flushed {
		t.Errorf("statuses %v, flushed %v", statuses.seen, below.Flushed)
	}
}

type statusWriter struct {
	http.ResponseWriter
	seen []int
}

func (w *statusWriter) WriteHeader(status int) {
	w.seen = append(w.seen, status)
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func TestManyGoroutinesBeginOnce(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	times := 0
	w := New(httptest.NewRecorder(), func(http.Header) {
		mu.Lock()
		defer mu.Unlock()
		times++
	})
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			w.Finish()
			mu.Lock()
			defer mu.Unlock()
			if times != 1 || !w.Begun() {
				t.Error("begun by another, yet before has not run")
			}
		})
	}
	all.Wait()
}

func TestPrivate(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ from, want string }{
		{"", "private"},
		{"public, max-age=60", "private, max-age=60"},
		{"Public,S-MaxAge=9,no-transform", "private, no-transform"},
		{"no-store", "private, no-store"},
		{"private, max-age=0", "private, max-age=0"},
		{`private="X-A"`, "private"},
	} {
		h := http.Header{}
		if c.from != "" {
			h.Set("Cache-Control", c.from)
		}
		Private(h)
		if got := strings.Join(h.Values("Cache-Control"), "|"); got != c.want {
			t.Errorf("%q became %q, want %q", c.from, got, c.want)
		}
	}
}

func TestVaryByCookie(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		from []string
		want string
	}{
		{nil, "Cookie"},
		{[]string{"Accept"}, "Accept|Cookie"},
		{[]string{"Accept, cookie"}, "Accept, cookie"},
		{[]string{"*"}, "*"},
	} {
		h := http.Header{"Vary": c.from}
		VaryByCookie(h)
		if got := strings.Join(h.Values("Vary"), "|"); got != c.want {
			t.Errorf("%q became %q, want %q", c.from, got, c.want)
		}
	}
}
