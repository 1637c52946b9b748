package waltztest

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/waltz-oauth/waltz/provider"
)

// OAuth1 describes the server to a client of OAuth 1.
func (s *Server) OAuth1() provider.Provider {
	signatures := map[string]provider.Signature{
		"HMAC-SHA256": provider.HMACSHA256, "RSA-SHA1": provider.RSASHA1, "PLAINTEXT": provider.Plaintext,
	}
	return provider.Provider{
		Name:             "waltztest-oauth1",
		DisplayName:      "Test provider",
		RequestTokenURL:  s.URL + "/oauth1/request",
		Signature:        signatures[s.config.Signature],
		AuthorizationURL: s.URL + "/oauth1/authorize",
		TokenURL:         s.URL + "/oauth1/token",
		APIBase:          s.URL + "/api/",
		Userinfo:         provider.Userinfo{URL: s.URL + "/userinfo"},
	}
}

// requestToken is what RFC 5849 calls temporary credentials (section 2.1).
type requestToken struct {
	value, secret string
	callback      string
	until         time.Time
	verifier      string // "": nobody has consented
	person        Person
	scopes        []string
}

// requestToken answers a request for one.
func (s *Server) requestToken(w http.ResponseWriter, r *http.Request) {
	header, ok := s.signed(w, r, func(value string) (string, string) {
		if value != "" {
			return "", "parameter_rejected"
		}
		return "", ""
	})
	switch {
	case !ok:
		return
	case header["oauth_callback"] == "":
		problem(w, http.StatusBadRequest, "parameter_absent")
		return
	case !s.config.registered(header["oauth_callback"]):
		problem(w, http.StatusBadRequest, "parameter_rejected")
		return
	}
	b := s.settings()
	t := &requestToken{
		value: "request-" + rand.Text(), secret: "fake-request-secret-" + rand.Text(),
		callback: header["oauth_callback"], until: s.Now().Add(b.codeLifetime()),
	}
	s.ledger.mu.Lock()
	s.ledger.requests[t.value] = t
	s.ledger.secrets = append(s.ledger.secrets, t.secret)
	s.ledger.mu.Unlock()
	answer := url.Values{"oauth_token": {t.value}, "oauth_token_secret": {t.secret}}
	if !b.Unconfirmed {
		answer.Set("oauth_callback_confirmed", "true")
	}
	writeForm(w, http.StatusOK, answer)
}

// authorize1 shows the consent page for a request token (section 2.2).
func (s *Server) authorize1(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	s.ledger.mu.Lock()
	t := s.ledger.requests[q.Get("oauth_token")]
	known := t != nil && t.verifier == "" && s.Now().Before(t.until)
	s.ledger.mu.Unlock()
	if len(q["oauth_token"]) != 1 || !known {
		s.showError(w, "This login is unknown, or too old. Start again at the application.")
		return
	}
	a := &authorization{redirectURI: t.callback, request: t, scopes: strings.FieldsFunc(q.Get("scope"), func(r rune) bool { return r == ',' || r == ' ' })}
	s.showConsent(w, a, s.ledger.ask(a, s.Now()))
}

// consent1 takes the answer to the consent page.
func (s *Server) consent1(w http.ResponseWriter, r *http.Request, a *authorization, p Person, known bool) {
	answer := url.Values{"oauth_token": {a.request.value}}
	switch decision := r.PostFormValue(fieldDecision); {
	case decision == valueDeny:
		s.ledger.mu.Lock()
		delete(s.ledger.requests, a.request.value)
		s.ledger.mu.Unlock()
		if !s.settings().QuietDenial {
			answer = url.Values{"denied": {a.request.value}}
		}
	case decision == valueAllow && known:
		s.ledger.mu.Lock()
		a.request.verifier, a.request.person, a.request.scopes = "fake-verifier-"+rand.Text(), p, a.scopes
		s.ledger.secrets = append(s.ledger.secrets, a.request.verifier)
		answer.Set("oauth_verifier", a.request.verifier)
		s.ledger.mu.Unlock()
	default:
		s.showError(w, "The answer makes no sense. Start again at the application.")
		return
	}
	between := "?"
	if strings.Contains(a.redirectURI, "?") {
		between = "&"
	}
	h := w.Header()
	h.Set("Location", a.redirectURI+between+answer.Encode())
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	w.WriteHeader(http.StatusSeeOther)
}

// accessToken exchanges a request token, once (section 2.3).
func (s *Server) accessToken(w http.ResponseWriter, r *http.Request) {
	var t *requestToken
	header, ok := s.signed(w, r, func(value string) (string, string) {
		s.ledger.mu.Lock()
		defer s.ledger.mu.Unlock()
		switch t = s.ledger.requests[value]; {
		case t == nil:
			return "", "token_rejected"
		case !s.Now().Before(t.until):
			return "", "token_expired"
		}
		return t.secret, ""
	})
	if !ok {
		return
	}
	s.ledger.mu.Lock()
	defer s.ledger.mu.Unlock()
	if s.ledger.requests[t.value] == nil {
		problem(w, http.StatusUnauthorized, "token_used")
		return
	}
	delete(s.ledger.requests, t.value)
	if t.verifier == "" || header["oauth_verifier"] != t.verifier {
		problem(w, http.StatusUnauthorized, "verifier_invalid")
		return
	}
	access := &accessToken{
		grant: &grant{person: t.person, scopes: t.scopes}, oauth1: true,
		secret: "fake-access-secret-" + rand.Text(), until: s.Now().AddDate(100, 0, 0),
	}
	value := "fake-access-" + rand.Text()
	s.ledger.access[value] = access
	s.ledger.secrets = append(s.ledger.secrets, value, access.secret)
	members := map[string]any{"oauth_token": value, "oauth_token_secret": access.secret, "user_id": t.person.Subject}
	overlay(members, s.settings().Members)
	answer := make(url.Values)
	for name, v := range members {
		answer.Set(name, fmt.Sprint(v))
	}
	writeForm(w, http.StatusOK, answer)
}

// signedBy says who asks the API, or answers that the request is not to be believed.
func (s *Server) signedBy(w http.ResponseWriter, r *http.Request) (p Person, ok bool) {
	_, ok = s.signed(w, r, func(value string) (string, string) {
		s.ledger.mu.Lock()
		defer s.ledger.mu.Unlock()
		t := s.ledger.access[value]
		switch {
		case t == nil || !t.oauth1:
			return "", "token_rejected"
		case t.grant.revoked:
			return "", "token_revoked"
		case !s.Now().Before(t.until):
			return "", "token_expired"
		}
		p = t.grant.person
		return t.secret, ""
	})
	return p, ok
}

// signed verifies r (section 3.2) and returns its protocol parameters, or answers what is wrong with it.
// The secret of the token that it names comes from secretOf, or why there is none.
func (s *Server) signed(w http.ResponseWriter, r *http.Request, secretOf func(token string) (secret, problem string)) (map[string]string, bool) {
	const clocks = 5 * time.Minute // how far apart they may be
	header, err := signatureHeader(r)
	if err != nil {
		problem(w, http.StatusUnauthorized, "parameter_absent")
		return nil, false
	}
	seconds, err := strconv.ParseInt(header["oauth_timestamp"], 10, 64)
	off := s.Now().Sub(time.Unix(seconds, 0)).Abs()
	secret, why := secretOf(header["oauth_token"])
	switch {
	case header["oauth_consumer_key"] != s.ClientID:
		problem(w, http.StatusUnauthorized, "consumer_key_unknown")
	case header["oauth_signature_method"] != s.config.Signature:
		problem(w, http.StatusBadRequest, "signature_method_rejected")
	case header["oauth_version"] != "" && header["oauth_version"] != "1.0":
		problem(w, http.StatusBadRequest, "version_rejected")
	case err != nil || off > clocks:
		problem(w, http.StatusBadRequest, "timestamp_refused")
	case why != "":
		problem(w, http.StatusUnauthorized, why)
	default:
		if header, err = CheckSignature(r, s.addressOf(r), s.ClientSecret, secret); err != nil {
			problem(w, http.StatusUnauthorized, "signature_invalid")
			return nil, false
		}
		if !s.ledger.fresh(header) {
			problem(w, http.StatusUnauthorized, "nonce_used")
			return nil, false
		}
		return header, true
	}
	return nil, false
}

// addressOf is where r was sent, as its sender has it.
func (s *Server) addressOf(r *http.Request) *url.URL {
	u := *r.URL
	u.Scheme, _, _ = strings.Cut(s.URL, ":")
	u.Host = r.Host
	return &u
}

// fresh reports whether the request with that header is the first with its nonce (section 3.3).
func (l *ledger) fresh(header map[string]string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	used := strings.Join([]string{header["oauth_timestamp"], header["oauth_nonce"], header["oauth_token"]}, " ")
	if header["oauth_nonce"] == "" || l.nonces[used] {
		return false
	}
	l.nonces[used] = true
	return true
}

// problem refuses a request in the words of OAuth's Problem Reporting extension.
func problem(w http.ResponseWriter, status int, code string) {
	w.Header().Set("WWW-Authenticate", `OAuth realm="waltztest"`)
	writeForm(w, status, url.Values{"oauth_problem": {code}})
}

func writeForm(w http.ResponseWriter, status int, form url.Values) {
	h := w.Header()
	h.Set("Content-Type", "application/x-www-form-urlencoded")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(form.Encode())) // the client is gone: nobody is left to tell
}
