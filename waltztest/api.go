package waltztest

import (
	"fmt"
	"io"
	"net/http"
	"strings"
)

// bearer lets a request through to h if it has a good access token (RFC 6750 section 2.1), or is signed
// with one (RFC 5849 section 3).
func (s *Server) bearer(h func(http.ResponseWriter, *http.Request, Person)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if _, err := signatureHeader(r); err == nil {
			if p, ok := s.signedBy(w, r); ok {
				h(w, r, p)
			}
			return
		}
		const realm = `Bearer realm="waltztest"`
		scheme, value, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		if !strings.EqualFold(scheme, "Bearer") || value == "" {
			w.Header().Set("WWW-Authenticate", realm) // no error code: RFC 6750 section 3.1
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		g, f := s.ledger.owner(value, s.Now())
		if f != nil {
			w.Header().Set("WWW-Authenticate", fmt.Sprintf(`%s, error=%q, error_description=%q`, realm, f.code, f.description))
			f.write(w)
			return
		}
		h(w, r, g.person)
	}
}

// apiUser says who is asking: GET /api/user.
func (s *Server) apiUser(w http.ResponseWriter, _ *http.Request, p Person) {
	writeJSON(w, http.StatusOK, map[string]string{"id": p.Subject, "name": p.Name, "email": p.Email})
}

// apiNotes is something to look at: GET /api/notes.
func (s *Server) apiNotes(w http.ResponseWriter, _ *http.Request, p Person) {
	type note struct {
		ID   int    `json:"id"`
		Text string `json:"text"`
	}
	writeJSON(w, http.StatusOK, []note{
		{1, "The first note of " + p.Name},
		{2, "A waltz is danced in three"},
	})
}

// apiEcho gives back what came: POST /api/notes.
func (s *Server) apiEcho(w http.ResponseWriter, r *http.Request, _ Person) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, "the body could not be read", http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusCreated)
	_, _ = w.Write(body) // the client is gone: nobody is left to tell
}

// apiRedirect answers 302 with the Location that is asked for, as it stands: GET /api/redirect?to=.
func (s *Server) apiRedirect(w http.ResponseWriter, r *http.Request, _ Person) {
	w.Header().Set("Location", r.URL.Query().Get("to"))
	w.WriteHeader(http.StatusFound)
}
