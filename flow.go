package waltz

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/waltz-oauth/waltz/internal/cookie"
)

// flow is a login under way: what the callback must know of its beginning. Each has a cookie of its
// own, so that several tabs can log in at once, and only the browser that began can finish (RFC 9700
// section 4.7).
type flow struct {
	State    string    `json:"state"`            // OAuth 1: the request token, which comes back as state does
	Secret   string    `json:"secret,omitempty"` // OAuth 1: the request token's
	Provider string    `json:"provider"`
	Verifier string    `json:"verifier,omitempty"` // PKCE (RFC 7636)
	Nonce    string    `json:"nonce,omitempty"`    // OpenID Connect Core section 3.1.2.1
	Redirect string    `json:"redirect"`
	Next     []byte    `json:"next"`           // base64 there, which says how long it can get
	User     string    `json:"user,omitempty"` // a hash of who was signed in; "": nobody
	Begun    time.Time `json:"begun"`
}

const (
	flowLife = 15 * time.Minute // to read a consent page and find one's password
	flowMost = 6                // logins under way in one browser; the oldest give way
)

// flows keeps logins under way in cookies.
type flows struct {
	codec    *cookie.Codec
	insecure bool

	mu    sync.Mutex
	spent map[string]time.Time // states of logins whose code was used, and when
	swept time.Time
}

// newFlow begins a login. Its state, verifier and nonce have more than 128 random bits each.
func newFlow() flow {
	return flow{
		State:    rand.Text(),
		Verifier: rand.Text() + rand.Text(), // 52 characters; RFC 7636 section 4.1 wants 43
		Nonce:    rand.Text(),
		Begun:    time.Now(),
	}
}

// begin sets f's cookie, and removes the oldest others where there are too many.
func (s *flows) begin(w http.ResponseWriter, r *http.Request, f flow) error {
	value, err := json.Marshal(f)
	if err != nil {
		return err
	}
	others := s.underWay(r)
	for len(others) >= flowMost {
		s.end(w, others[0].State)
		others = others[1:]
	}
	name := s.name(f.State)
	c := cookie.Make(name, s.codec.Seal(name, value), s.insecure) // #nosec G124 -- insecure on loopback only
	c.MaxAge = int(flowLife.Seconds())
	http.SetCookie(w, c)
	return nil
}

// resume returns the login that this browser began with state. A cookie that is of no use is removed.
func (s *flows) resume(w http.ResponseWriter, r *http.Request, state string) (flow, error) {
	c, err := r.Cookie(s.name(state))
	if err != nil {
		return flow{}, ErrState
	}
	f, ok := s.open(c)
	switch {
	case !ok || subtle.ConstantTimeCompare([]byte(f.State), []byte(state)) != 1:
		err = ErrState
	case time.Since(f.Begun) > flowLife:
		err = ErrStateExpired
	default:
		return f, nil
	}
	s.end(w, state)
	return flow{}, err
}

// spend reports whether it is the first to ask for f's code to be used. Removing the cookie is not
// enough: a browser or a proxy that sends the callback twice sends it with the cookie both times, and
// a code that comes twice ends the grant (RFC 6749 section 4.1.2). Other processes do not know.
func (s *flows) spend(f flow) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if now.Sub(s.swept) > time.Minute {
		maps.DeleteFunc(s.spent, func(_ string, at time.Time) bool { return now.Sub(at) > flowLife })
		s.swept = now
	}
	if _, twice := s.spent[f.State]; twice {
		return false
	}
	if s.spent == nil {
		s.spent = make(map[string]time.Time)
	}
	s.spent[f.State] = now
	return true
}

// end removes the cookie of the login with that state, so that the browser forgets it.
func (s *flows) end(w http.ResponseWriter, state string) {
	http.SetCookie(w, cookie.Expired(s.name(state), s.insecure))
}

// underWay lists the logins whose cookies r carries, oldest first.
func (s *flows) underWay(r *http.Request) []flow {
	var all []flow
	for _, c := range r.Cookies() {
		if f, ok := s.open(c); ok {
			all = append(all, f)
		}
	}
	slices.SortFunc(all, func(a, b flow) int { return a.Begun.Compare(b.Begun) })
	return all
}

func (s *flows) open(c *http.Cookie) (f flow, ok bool) {
	if !strings.HasPrefix(c.Name, s.prefix()) {
		return flow{}, false
	}
	value, ok := s.codec.Open(c.Name, c.Value)
	if !ok || json.Unmarshal(value, &f) != nil {
		return flow{}, false
	}
	return f, true
}

// name is that of a login's cookie. It does not tell the state, which the cookie holds sealed.
func (s *flows) name(state string) string { return s.prefix() + cookie.Tag(state) }

func (s *flows) prefix() string { return cookie.Name("waltz-login-", s.insecure) }
