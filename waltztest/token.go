package waltztest

import (
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// token answers a token request (RFC 6749 section 3.2).
func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	if f := s.authenticate(r); f != nil {
		f.challenge(w, r)
		f.write(w)
		return
	}
	b, form := s.settings(), r.PostForm
	var got issued
	var f *failure
	switch form.Get("grant_type") {
	case "authorization_code":
		s.ledger.note(form.Get("code_verifier"))
		got, f = s.ledger.exchange(form.Get("code"), form.Get("redirect_uri"), form.Get("code_verifier"), b, s.Now())
	case "refresh_token":
		got, f = s.ledger.renew(form.Get("refresh_token"), strings.Fields(form.Get("scope")), b, s.Now())
	case "urn:ietf:params:oauth:grant-type:device_code":
		got, f = s.ledger.poll(form.Get("device_code"), b, s.Now())
	case "client_credentials":
		got, f = s.machine(strings.Fields(form.Get("scope")), b)
	case "":
		f = failed("invalid_request", "grant_type is missing")
	default:
		f = failed("unsupported_grant_type", "grant_type is none of those that the metadata lists")
	}
	if f != nil {
		f.write(w)
		return
	}
	answer, err := s.tokenAnswer(got, b)
	if err != nil {
		http.Error(w, "the token answer could not be made", http.StatusInternalServerError)
		return
	}
	writeJSON(w, http.StatusOK, json.RawMessage(answer))
}

// machine issues a token for the client itself (RFC 6749 section 4.4), without a refresh token (section
// 4.4.3). To the API it is a person whose subject is the client's id.
func (s *Server) machine(scopes []string, b Behaviour) (issued, *failure) {
	if s.ClientSecret == "" {
		return issued{}, failed("unauthorized_client", "a public client has no credentials")
	}
	for _, scope := range scopes {
		if !s.config.offers(scope) {
			return issued{}, failed("invalid_scope", "a scope is unknown")
		}
	}
	g := &grant{person: Person{Subject: s.ClientID, Name: s.config.ClientName}, scopes: scopes}
	s.ledger.mu.Lock()
	defer s.ledger.mu.Unlock()
	return s.ledger.tokens(g, scopes, b, s.Now(), nil), nil
}

// revoke ends a token (RFC 7009). One that is unknown has ended already (section 2.2).
func (s *Server) revoke(w http.ResponseWriter, r *http.Request) {
	f := s.authenticate(r)
	if f == nil && r.PostForm.Get("token") == "" {
		f = failed("invalid_request", "token is missing")
	}
	if f != nil {
		f.challenge(w, r)
		f.write(w)
		return
	}
	s.ledger.revoke(r.PostForm.Get("token"))
	w.WriteHeader(http.StatusOK)
}

// authenticate finds what is wrong with who sends a request (RFC 6749 section 2.3.1), or with its
// form (section 3.2).
func (s *Server) authenticate(r *http.Request) *failure {
	form := r.PostForm
	if repeated(form) {
		return failed("invalid_request", "a parameter comes more than once")
	}
	method := "client_secret_post"
	id, secret := form.Get("client_id"), form.Get("client_secret")
	if r.Header.Get("Authorization") != "" {
		if secret != "" {
			return failed("invalid_request", "the client authenticates in two ways")
		}
		method = "client_secret_basic"
		basicID, basicSecret, ok := r.BasicAuth()
		if !ok || id != "" && id != unescape(basicID) {
			return unknownClient()
		}
		id, secret = unescape(basicID), unescape(basicSecret)
	}
	if want := s.settings().ClientAuth; want != "" && want != method && s.ClientSecret != "" {
		return unknownClient()
	}
	if id != s.ClientID || subtle.ConstantTimeCompare([]byte(secret), []byte(s.ClientSecret)) != 1 {
		return unknownClient()
	}
	return nil
}

func unknownClient() *failure {
	return &failure{http.StatusUnauthorized, "invalid_client", "the client is unknown, or its secret is not this"}
}

// challenge names the way to authenticate, which a client that tried by header is owed (RFC 6749
// section 5.2).
func (f *failure) challenge(w http.ResponseWriter, r *http.Request) {
	if f.status == http.StatusUnauthorized && r.Header.Get("Authorization") != "" {
		w.Header().Set("WWW-Authenticate", `Basic realm="waltztest"`)
	}
}

// unescape undoes the encoding of credentials in a Basic header, "" where it is broken.
func unescape(s string) string {
	u, err := url.QueryUnescape(s)
	if err != nil {
		return ""
	}
	return u
}

// tokenAnswer is the JSON of RFC 6749 section 5.1, with an ID token where openid was asked.
func (s *Server) tokenAnswer(i issued, b Behaviour) ([]byte, error) {
	members := map[string]any{
		"access_token": i.access,
		"token_type":   "Bearer",
		"expires_in":   int64(b.accessLifetime() / time.Second),
	}
	if i.refresh != "" {
		members["refresh_token"] = i.refresh
	}
	if len(i.scopes) > 0 {
		members["scope"] = strings.Join(i.scopes, " ")
	}
	if slices.Contains(i.scopes, "openid") {
		signed, err := s.idToken(i, b)
		if err != nil {
			return nil, err
		}
		members["id_token"] = signed
		s.ledger.note(signed)
	}
	overlay(members, b.Members)
	answer, err := json.Marshal(members)
	if err != nil {
		return nil, fmt.Errorf("waltztest: Behaviour.Members: %w", err)
	}
	return answer, nil
}

// overlay puts over's members into members, and takes out those that are nil.
func overlay(members, over map[string]any) {
	for name, value := range over {
		if value == nil {
			delete(members, name)
		} else {
			members[name] = value
		}
	}
}
