package waltztest

import (
	"net/http"
	"net/url"
	"strings"
)

// authorize answers an authorization request (RFC 6749 section 4.1.1) with the consent page.
func (s *Server) authorize(w http.ResponseWriter, r *http.Request) {
	q := s.request(r.URL.Query())
	if q == nil {
		s.showError(w, "This login was not announced by its application, or too long ago.")
		return
	}
	// Whoever made these two up must not be given the browser (RFC 6749 section 4.1.2.1).
	if len(q["client_id"]) != 1 || q.Get("client_id") != s.ClientID {
		s.showError(w, "No application is registered under this client_id.")
		return
	}
	if len(q["redirect_uri"]) != 1 || !s.config.registered(q.Get("redirect_uri")) {
		s.showError(w, "This redirect_uri is not registered for the application.")
		return
	}
	a := &authorization{
		redirectURI: q.Get("redirect_uri"),
		state:       q.Get("state"),
		challenge:   q.Get("code_challenge"),
		nonce:       q.Get("nonce"),
		scopes:      strings.Fields(q.Get("scope")),
	}
	if f := s.check(q, a); f != nil {
		s.sendBack(w, a, url.Values{"error": {f.code}, "error_description": {f.description}})
		return
	}
	s.showConsent(w, a, s.ledger.ask(a, s.Now()))
}

// check finds what is wrong with a request whose client and redirect URI are right.
func (s *Server) check(q url.Values, a *authorization) *failure {
	switch method := q.Get("code_challenge_method"); {
	case repeated(q):
		return failed("invalid_request", "a parameter comes more than once")
	case q.Get("response_type") == "":
		return failed("invalid_request", "response_type is missing")
	case q.Get("response_type") != "code":
		return failed("unsupported_response_type", "response_type must be code")
	case a.challenge == "" && method == "" && s.settings().WithoutPKCE:
	case a.challenge == "":
		return failed("invalid_request", "code challenge required") // RFC 7636 section 4.4.1
	case method != "S256":
		return failed("invalid_request", "transform algorithm not supported") // the same; none means plain
	case len(a.challenge) != 43:
		return failed("invalid_request", "code_challenge is no SHA-256 in base64url")
	}
	for _, scope := range a.scopes {
		if !s.config.offers(scope) {
			return failed("invalid_scope", "a scope is unknown")
		}
	}
	return nil
}

// consent takes the answer to the consent page.
func (s *Server) consent(w http.ResponseWriter, r *http.Request) {
	a := s.ledger.answer(r.PostFormValue(fieldRequest), s.Now())
	if a == nil {
		s.showError(w, "This page was answered before, or is too old. Start again at the application.")
		return
	}
	p, known := s.person(r.PostFormValue(fieldSubject))
	if a.request != nil {
		s.consent1(w, r, a, p, known)
		return
	}
	switch decision := r.PostFormValue(fieldDecision); {
	case decision == valueDeny && a.device != nil:
		s.decide(w, a.device, nil)
	case decision == valueAllow && known && a.device != nil:
		s.decide(w, a.device, &p)
	case decision == valueDeny:
		s.sendBack(w, a, url.Values{"error": {"access_denied"}, "error_description": {"The person said no."}})
	case decision == valueAllow && known:
		code := s.ledger.allow(a, p, s.Now().Add(s.settings().codeLifetime()))
		s.sendBack(w, a, url.Values{"code": {code}})
	default:
		s.showError(w, "The answer makes no sense. Start again at the application.")
	}
}

// sendBack sends the browser to the redirect URI, whose own query stays (RFC 6749 section 3.1.2),
// with the state and the issuer (RFC 9207 section 2) beside the answer.
func (s *Server) sendBack(w http.ResponseWriter, a *authorization, answer url.Values) {
	answer.Set("iss", s.URL)
	if a.state != "" {
		answer.Set("state", a.state)
	}
	between := "?"
	if strings.Contains(a.redirectURI, "?") {
		between = "&"
	}
	h := w.Header()
	h.Set("Location", a.redirectURI+between+answer.Encode())
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	w.WriteHeader(http.StatusSeeOther) // not 307, which would send the form on (RFC 9700 section 4.12)
}
