package waltztest

import (
	"encoding/json"
	"net/url"
	"slices"
	"sync"
	"time"
)

// Call is one request that the server was sent. There is no secret in it.
type Call struct {
	At       time.Time // when its answer was ready, by the machine's clock
	Endpoint Endpoint
	Method   string
	Path     string // without the query
	Status   int    // of the answer; 0: the connection was dropped
	Error    string // the OAuth error code of the answer; "": none
}

// Calls counts the requests to e so far. A request counts before its answer is sent.
func (s *Server) Calls(e Endpoint) int {
	s.journal.mu.Lock()
	defer s.journal.mu.Unlock()
	return s.journal.counts[e]
}

// Log lists the requests so far, oldest first: the last ten thousand or so.
func (s *Server) Log() []Call {
	s.journal.mu.Lock()
	defer s.journal.mu.Unlock()
	return slices.Clone(s.journal.calls)
}

type journal struct {
	mu     sync.Mutex
	counts map[Endpoint]int
	calls  []Call
}

func (j *journal) add(c Call) {
	const most = 20_000
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.counts == nil {
		j.counts = make(map[Endpoint]int)
	}
	j.counts[c.Endpoint]++
	if len(j.calls) == most {
		j.calls = slices.Delete(j.calls, 0, most/2)
	}
	j.calls = append(j.calls, c)
}

// errorCode is the error member of the answer, or the error parameter of its redirect.
func (rc *recorder) errorCode() string {
	if u, err := url.Parse(rc.Header().Get("Location")); err == nil && u.Query().Has("error") {
		return u.Query().Get("error")
	}
	if form, err := url.ParseQuery(rc.body.String()); err == nil && form.Has("oauth_problem") {
		return form.Get("oauth_problem")
	}
	var answer struct {
		Error string `json:"error"`
	}
	if json.Unmarshal(rc.body.Bytes(), &answer) != nil {
		return ""
	}
	return answer.Error
}
