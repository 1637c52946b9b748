package waltztest

import (
	"net/http"
	"sync"
	"time"
)

// Endpoint is one thing that the server is asked.
type Endpoint string

// What can be scripted and counted.
const (
	Request   Endpoint = "request"   // OAuth 1: for a request token
	Authorize Endpoint = "authorize" // the consent page
	Consent   Endpoint = "consent"   // its answer
	Push      Endpoint = "push"      // an authorization request sent beforehand
	Device    Endpoint = "device"    // a login on another device: its beginning, and its page
	Exchange  Endpoint = "exchange"  // a token request that is no refresh; OAuth 1: for an access token
	Refresh   Endpoint = "refresh"   // a token request that is one
	Revoke    Endpoint = "revoke"
	UserInfo  Endpoint = "userinfo"
	API       Endpoint = "api"      // anything below /api/
	Metadata  Endpoint = "metadata" // discovery
	Keys      Endpoint = "keys"     // that check ID tokens
	Elsewhere Endpoint = "elsewhere"
)

// Answer is what a request is answered with in place of the ordinary. With no Status and no Drop
// the request is handled, and the fields change how its own answer is sent. So a refresh token is
// spent with any of
//
//	Answer{Delay: time.Minute}                               // the client may not wait for so long
//	Answer{Status: 500, Handled: true}                       // it is told that something went wrong
//	Answer{Truncate: true}                                   // half of the answer comes
//	Answer{Drop: true, Handled: true}                        // nothing comes
//
// and is not with
//
//	Answer{Status: 500}                                      // as far as the client can tell, it is the same
//	Answer{Status: 429, Header: http.Header{"Retry-After": {"60"}}}
//	Answer{Status: 200, Body: `{"error":"invalid_grant"}`}   // a refusal that looks like success
type Answer struct {
	Status   int         // to send; 0: the server's own answer
	Header   http.Header // to send, in place of those of the same names
	Body     string      // to send with Status; its Content-Type is application/json unless Header says
	Drop     bool        // closes the connection and sends nothing
	Truncate bool        // closes the connection half way through the body
	Handled  bool        // with Status or Drop: handles the request first, so that a code or refresh token is spent, and its own answer is lost
	Delay    time.Duration
	Repeat   int // how many more requests are answered so; -1: all, until Clear
}

// Next puts answers in line for requests to e, one each, in this order.
func (s *Server) Next(e Endpoint, answers ...Answer) {
	s.script.mu.Lock()
	defer s.script.mu.Unlock()
	if s.script.lines == nil {
		s.script.lines = make(map[Endpoint][]Answer)
	}
	s.script.lines[e] = append(s.script.lines[e], answers...)
}

// Clear forgets the answers that wait in line for requests to e.
func (s *Server) Clear(e Endpoint) {
	s.script.mu.Lock()
	defer s.script.mu.Unlock()
	delete(s.script.lines, e)
}

type script struct {
	mu    sync.Mutex
	lines map[Endpoint][]Answer
}

// next takes the answer whose turn it is, if any.
func (sc *script) next(e Endpoint) (Answer, bool) {
	sc.mu.Lock()
	defer sc.mu.Unlock()
	line := sc.lines[e]
	if len(line) == 0 {
		return Answer{}, false
	}
	a := line[0]
	switch {
	case a.Repeat > 0:
		line[0].Repeat--
	case a.Repeat == 0:
		sc.lines[e] = line[1:]
	}
	return a, true
}

// own reports whether the server's own answer is the one to send.
func (a Answer) own() bool { return a.Status == 0 && !a.Drop }
