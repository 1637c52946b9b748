package flaskdance

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/waltz-oauth/waltz/internal/respond"
	"github.com/waltz-oauth/waltz/token"
)

// Middleware must be around every handler that uses tokens; app.Handler sees to that. It sets the
// cookie just before the response's first byte, if the session changed or is permanent: Flask sends
// a permanent one with each response, so that it lasts as long as it is used.
//
// A handler that hijacks the connection sends what is in its writer's Header itself.
func (s *Session) Middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Context().Value(contextKey{s}) != nil {
			next.ServeHTTP(w, r)
			return
		}
		in := &request{s: s, came: r.Header["Cookie"]}
		to := respond.New(w, in.begin)
		defer to.Finish() // when next panics too: whoever recovers may well answer
		next.ServeHTTP(to, r.WithContext(context.WithValue(r.Context(), contextKey{s}, in)))
	})
}

type contextKey struct{ s *Session }

// request is the session that one request brought, and what its response makes of it.
type request struct {
	s    *Session
	came []string // the request's Cookie lines

	mu      sync.Mutex
	read    bool     // the cookie was looked at
	all     []member // the session as it is to be
	asked   bool     // for a record
	changed bool     // the session
	begun   bool     // the response
}

func (in *request) get(key token.Key) (token.Record, error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.asked = true
	value, ok := last(in.session(), nameOf(key))
	if !ok {
		return token.Record{}, token.ErrNotFound
	}
	plain, err := untag(value)
	if err != nil {
		return token.Record{}, err
	}
	return decode(plain)
}

func (in *request) set(key token.Key, r token.Record) error {
	name := nameOf(key)
	if !utf8.ValidString(name) {
		return fmt.Errorf("%w: its provider is not UTF-8, which a session cannot hold", token.ErrKey)
	}
	plain, err := encode(r)
	if err != nil {
		return err
	}
	value, err := retag(plain)
	if err != nil {
		return err
	}
	return in.change(name, value)
}

// maxCookie is what browsers take of a cookie, name, value and attributes together (RFC 6265
// section 6.1); Flask warns at the same size.
const maxCookie = 4093

// change gives the session's member called name a value, or with "" removes it.
func (in *request) change(name, value string) error {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.begun {
		return token.ErrTooLate
	}
	called := func(m member) bool { return m.name == name }
	if value == "" && !slices.ContainsFunc(in.session(), called) {
		return nil
	}
	all := slices.DeleteFunc(slices.Clone(in.session()), called)
	if value != "" {
		at := slices.IndexFunc(all, func(m member) bool { return m.name > name }) // Flask sorts them
		if at < 0 {
			at = len(all)
		}
		all = slices.Insert(all, at, member{name, ascii(quote(name)), value})
		if n := len(in.cookie(all, time.Now()).String()); n > maxCookie {
			return fmt.Errorf("%w for a session: Flask's cookie would have %d bytes, and browsers take %d; keep tokens in a storage on the server", token.ErrTooLarge, n, maxCookie)
		}
	}
	in.all, in.changed = all, true
	return nil
}

// session reads the request's cookie when first asked.
func (in *request) session() []member {
	if !in.read {
		in.read = true
		in.all = in.s.session(in.came, time.Now())
	}
	return in.all
}

// begin is called just before the response's first byte. Until then changes are held: a goroutine
// that set a cookie at once would write to the header while the handler does.
func (in *request) begin(h http.Header) {
	in.mu.Lock()
	defer in.mu.Unlock()
	all := in.session()
	in.begun = true
	send := in.changed || permanent(all) && !in.s.config.NoRefresh
	if in.asked || send {
		respond.VaryByCookie(h)
	}
	if !send {
		return
	}
	respond.Private(h)
	h.Add("Set-Cookie", in.cookie(all, time.Now()).String())
}

// cookie returns the cookie of a session; without members, the one that removes it.
func (in *request) cookie(all []member, now time.Time) *http.Cookie {
	c := in.s.config
	made := &http.Cookie{ //nolint:gosec // its attributes are those of the Flask application
		Name: c.name(), Domain: c.Domain, Path: c.path(), Secure: c.Secure, HttpOnly: !c.Scriptable, SameSite: c.SameSite,
		Partitioned: c.Partitioned,
	}
	if len(all) == 0 {
		made.MaxAge, made.Expires = -1, time.Unix(1, 0)
		return made
	}
	if permanent(all) {
		made.Expires = now.Add(c.lifetime())
	}
	made.Value = in.s.signer.sign(wrapped(all), now)
	return made
}

func permanent(all []member) bool {
	value, _ := last(all, "_permanent")
	return value == "true"
}

// session returns the members of the session in a request's Cookie lines, of which the first that has
// the name counts; none where Flask would take the cookie for absent, or fail.
func (s *Session) session(lines []string, now time.Time) []member {
	for _, line := range lines {
		for pair := range strings.SplitSeq(line, ";") {
			name, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
			if name != s.config.name() {
				continue
			}
			payload, ok := s.signer.open(value, now, s.config.lifetime())
			if !ok {
				return nil
			}
			all, err := sessionMembers(payload)
			if err != nil {
				return nil
			}
			return all
		}
	}
	return nil
}

// sessionMembers reads a session's JSON. The values stay as they are spelled, and are looked at all
// the same: Flask fails if one of them is malformed.
func sessionMembers(payload string) ([]member, error) {
	all, err := parse(payload, '{')
	if err != nil {
		return nil, err
	}
	if len(all) == 1 && isTag(all[0].name) {
		if all[0].name != tagDict || all[0].value[0] != '{' {
			return nil, errJSON
		}
		inner, err := parse(all[0].value, '{')
		if err != nil || len(inner) != 1 {
			return nil, errJSON
		}
		all = []member{newMember(strings.TrimSuffix(inner[0].name, escape), inner[0].value)}
	}
	for _, m := range all {
		if _, err := untag(m.value); err != nil {
			return nil, err
		}
	}
	return all, nil
}
