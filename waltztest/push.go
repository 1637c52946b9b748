package waltztest

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"time"
)

// pushed is an authorization request that a client sent beforehand (RFC 9126).
type pushed struct {
	query url.Values
	until time.Time
}

const pushedLife = time.Minute

// push keeps an authorization request until a browser brings its name (RFC 9126 section 2).
func (s *Server) push(w http.ResponseWriter, r *http.Request) {
	f := s.authenticate(r)
	switch {
	case f != nil:
		f.challenge(w, r)
	case r.PostForm.Has("request_uri"):
		f = failed("invalid_request", "request_uri is not for here")
	case !s.config.registered(r.PostForm.Get("redirect_uri")):
		f = failed("invalid_request", "redirect_uri is not registered")
	}
	if f != nil {
		f.write(w)
		return
	}
	form := r.PostForm
	form.Del("client_secret")
	form.Set("client_id", s.ClientID)
	uri := "urn:ietf:params:oauth:request_uri:" + rand.Text()
	s.ledger.mu.Lock()
	s.ledger.pushes[uri] = pushed{form, s.Now().Add(pushedLife)}
	s.ledger.mu.Unlock()
	writeJSON(w, http.StatusCreated, map[string]any{"request_uri": uri, "expires_in": pushedLife.Seconds()})
}

// request is what a login asks for: what was pushed, once, or else the query itself. It is nil where what
// was pushed is gone, or where all must be and this was not.
func (s *Server) request(q url.Values) url.Values {
	uri := q.Get("request_uri")
	if uri == "" {
		if s.settings().PushOnly {
			return nil
		}
		return q
	}
	s.ledger.mu.Lock()
	defer s.ledger.mu.Unlock()
	p, ok := s.ledger.pushes[uri]
	delete(s.ledger.pushes, uri)
	if !ok || s.Now().After(p.until) || q.Get("client_id") != p.query.Get("client_id") {
		return nil
	}
	return p.query
}
