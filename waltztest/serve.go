package waltztest

import (
	"bytes"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const maxBody = 1 << 20

// serve answers every request: by the script if it has something to say, and writes it down.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if err := r.ParseForm(); err != nil {
		http.Error(w, "the request is no form, or too large", http.StatusBadRequest)
		return
	}
	e := endpointOf(r)
	a, _ := s.script.next(e)
	out := new(recorder)
	if a.own() || a.Handled {
		s.mux.ServeHTTP(out, r)
	}
	if !a.own() {
		out = &recorder{status: a.Status}
		out.body.WriteString(a.Body)
		out.Header().Set("Content-Type", "application/json")
	}
	out.Header().Set("Date", s.Now().UTC().Format(http.TimeFormat))
	maps.Copy(out.Header(), a.Header)
	s.journal.add(Call{
		At:       time.Now(),
		Endpoint: e,
		Method:   r.Method,
		Path:     r.URL.Path,
		Status:   out.status,
		Error:    out.errorCode(),
	})

	if !wait(r, a.Delay) || a.Drop {
		panic(http.ErrAbortHandler)
	}
	out.send(w, a.Truncate)
}

func endpointOf(r *http.Request) Endpoint {
	switch path := r.URL.Path; {
	case path == "/oauth1/request":
		return Request
	case path == "/oauth1/token":
		return Exchange
	case path == "/authorize", path == "/oauth1/authorize":
		return Authorize
	case path == "/consent":
		return Consent
	case path == "/push":
		return Push
	case path == "/device":
		return Device
	case path == "/token" && r.PostForm.Get("grant_type") == "refresh_token":
		return Refresh
	case path == "/token":
		return Exchange
	case path == "/revoke":
		return Revoke
	case path == "/userinfo":
		return UserInfo
	case strings.HasPrefix(path, "/api/"):
		return API
	case strings.HasPrefix(path, "/.well-known/"):
		return Metadata
	case path == "/jwks":
		return Keys
	default:
		return Elsewhere
	}
}

// wait reports whether d went by before the client or the server gave up.
func wait(r *http.Request, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

// recorder holds an answer back until it is decided what becomes of it.
type recorder struct {
	status int
	header http.Header
	body   bytes.Buffer
}

func (rc *recorder) Header() http.Header {
	if rc.header == nil {
		rc.header = make(http.Header)
	}
	return rc.header
}

func (rc *recorder) WriteHeader(status int) {
	if rc.status == 0 {
		rc.status = status
	}
}

func (rc *recorder) Write(p []byte) (int, error) {
	rc.WriteHeader(http.StatusOK)
	return rc.body.Write(p)
}

// send sends the answer, or the first half of its body and then nothing more.
func (rc *recorder) send(w http.ResponseWriter, half bool) {
	body := rc.body.Bytes()
	maps.Copy(w.Header(), rc.Header())
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(rc.status)
	if !half {
		_, _ = w.Write(body) // the client is gone: nobody is left to tell
		return
	}
	_, _ = w.Write(body[:len(body)/2])
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}
