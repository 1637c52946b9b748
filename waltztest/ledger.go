package waltztest

import (
	"crypto/rand"
	"net/http"
	"sync"
	"time"
)

// ledger is all that the provider remembers of what it issued. Times are by the provider's clock.
type ledger struct {
	mu      sync.Mutex
	asked   map[string]*authorization // consent pages that nobody answered yet
	codes   map[string]*code
	access  map[string]*accessToken
	refresh map[string]*refreshToken
	devices []*device
	pushes  map[string]pushed // by request_uri
	secrets []string

	requests map[string]*requestToken // OAuth 1
	nonces   map[string]bool          // OAuth 1: those that were used, with their time and token
}

func newLedger() ledger {
	return ledger{
		asked:   make(map[string]*authorization),
		codes:   make(map[string]*code),
		access:  make(map[string]*accessToken),
		refresh: make(map[string]*refreshToken),
		pushes:  make(map[string]pushed),

		requests: make(map[string]*requestToken),
		nonces:   make(map[string]bool),
	}
}

// authorization is an authorization request that was found valid.
type authorization struct {
	redirectURI string
	state       string
	challenge   string // "": without PKCE
	nonce       string
	scopes      []string
	until       time.Time
	request     *requestToken // OAuth 1; nil: OAuth 2
	device      *device       // nil: the login goes back to redirectURI
}

// grant is what one person allowed once. Every token goes back to one.
type grant struct {
	person  Person
	scopes  []string
	nonce   string // for the first ID token
	revoked bool
}

type code struct {
	grant       *grant
	redirectURI string
	challenge   string
	until       time.Time
	spent       bool
}

type accessToken struct {
	grant  *grant
	until  time.Time
	oauth1 bool
	secret string // OAuth 1
}

type refreshToken struct {
	grant  *grant
	parent *refreshToken // the one it was issued for, until this one is used
	issued time.Time
	spent  time.Time // zero: not yet
	over   bool      // a successor was used
}

// ask remembers a until its consent page is answered, and returns the page's one-time id.
func (l *ledger) ask(a *authorization, now time.Time) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	for id, old := range l.asked {
		if now.After(old.until) {
			delete(l.asked, id)
		}
	}
	id := "fake-request-" + rand.Text()
	a.until = now.Add(10 * time.Minute)
	l.asked[id] = a
	return id
}

// answer forgets the consent page id and returns what it asked, nil where it has been answered
// already or for too long not.
func (l *ledger) answer(id string, now time.Time) *authorization {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.asked[id]
	delete(l.asked, id)
	if a == nil || now.After(a.until) {
		return nil
	}
	return a
}

// allow issues a code for what p allowed.
func (l *ledger) allow(a *authorization, p Person, until time.Time) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	value := "fake-code-" + rand.Text()
	l.secrets = append(l.secrets, value)
	l.codes[value] = &code{
		grant:       &grant{person: p, scopes: a.scopes, nonce: a.nonce},
		redirectURI: a.redirectURI,
		challenge:   a.challenge,
		until:       until,
	}
	return value
}

// owner returns the grant that an access token is for, or why it is none now.
func (l *ledger) owner(value string, now time.Time) (*grant, *failure) {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.access[value]
	switch {
	case t == nil, t.oauth1:
		return nil, &failure{http.StatusUnauthorized, "invalid_token", "the access token is unknown"}
	case t.grant.revoked:
		return nil, &failure{http.StatusUnauthorized, "invalid_token", "the access token was revoked"}
	case !now.Before(t.until):
		return nil, &failure{http.StatusUnauthorized, "invalid_token", "the access token has expired"}
	}
	return t.grant, nil
}

// revoke ends the whole grant of a refresh token, or an access token alone (RFC 7009 section 2.1).
func (l *ledger) revoke(value string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if t := l.refresh[value]; t != nil {
		t.grant.revoked = true
	}
	delete(l.access, value)
}

func (l *ledger) expireAll() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, t := range l.access {
		t.until = time.Time{}
	}
}

func (l *ledger) revokeAll() {
	l.mu.Lock()
	defer l.mu.Unlock()
	clear(l.codes)
	clear(l.access)
	clear(l.refresh)
	clear(l.requests)
}
