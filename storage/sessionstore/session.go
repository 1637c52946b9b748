package sessionstore

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"sync"

	"github.com/waltz-oauth/waltz/internal/cookie"
	"github.com/waltz-oauth/waltz/internal/respond"
	"github.com/waltz-oauth/waltz/token"
)

// Middleware must be around every handler that uses tokens; around more, or around another of its
// kind, it does no harm. It sets cookies just before the response's first byte. A response that sets
// one is private to that person, and one for which a token was asked varies by Cookie, so that no
// shared cache hands it to somebody else.
//
// A handler that hijacks the connection sends what is in its writer's Header itself.
func (s *Storage) Middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Context().Value(contextKey{s}) != nil {
			next.ServeHTTP(w, r)
			return
		}
		in := &session{s: s, came: r.Header["Cookie"]}
		to := respond.New(w, in.begin)
		defer to.Finish() // when next panics too: whoever recovers may well answer
		next.ServeHTTP(to, r.WithContext(context.WithValue(r.Context(), contextKey{s}, in)))
	})
}

type contextKey struct{ s *Storage }

// session is what one request brought, and what its response is to change in the browser.
type session struct {
	s    *Storage
	came []string // the request's Cookie lines

	mu      sync.Mutex
	jar     jar                        // the browser's cookies as they are to be; nil: not looked at
	opened  map[token.Key]token.Record // what is in the jar, as far as it was asked for
	asked   bool                       // for a record
	changed bool                       // the jar
	begun   bool                       // the response
}

func (in *session) get(ctx context.Context, key token.Key) (token.Record, bool) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.asked = true
	if r, ok := in.opened[key]; ok {
		return r, true
	}
	tag := tag(key)
	text, ok := in.cookies().text(tag)
	if !ok {
		return token.Record{}, false
	}
	r, ok := in.s.open(key, text)
	if !ok {
		in.s.config.logger().WarnContext(ctx, "waltz: session cookie does not open; taken for absent and removed", "key", key.String())
		in.jar.remove(tag)
		in.changed = true
		return token.Record{}, false
	}
	if in.opened == nil {
		in.opened = make(map[token.Key]token.Record, 1)
	}
	in.opened[key] = r
	return r, true
}

func (in *session) set(key token.Key, r token.Record) error {
	text, err := in.s.seal(key, r)
	if err != nil {
		return err
	}
	return in.change(key, func(next jar) error {
		next.put(tag(key), text)
		if size, most := next.size(in.s.prefix), in.s.config.maxBytes(); size > most {
			return fmt.Errorf("%w for a session: its cookies would take %d bytes, and %d is the limit; keep tokens in a storage on the server", token.ErrTooLarge, size, most)
		}
		return nil
	})
}

func (in *session) delete(key token.Key) error {
	return in.change(key, func(next jar) error {
		next.remove(tag(key))
		return nil
	})
}

// change has edit change a copy of the jar, which takes the jar's place unless edit fails.
func (in *session) change(key token.Key, edit func(jar) error) error {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.begun {
		return token.ErrTooLate
	}
	next := maps.Clone(in.cookies())
	if err := edit(next); err != nil {
		return err
	}
	in.jar, in.changed = next, true
	delete(in.opened, key)
	return nil
}

// cookies returns the jar, reading the request's cookies when first asked.
func (in *session) cookies() jar {
	if in.jar == nil {
		in.jar = parse(in.s.prefix, in.came)
	}
	return in.jar
}

// begin is called just before the response's first byte. Until then changes are held: a goroutine
// that set a cookie at once would write to the header while the handler does.
func (in *session) begin(h http.Header) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.begun = true
	if in.asked {
		respond.VaryByCookie(h)
	}
	if !in.changed {
		return
	}
	set, gone := in.jar.since(parse(in.s.prefix, in.came))
	for _, name := range set {
		h.Add("Set-Cookie", cookie.Make(in.s.prefix+name, in.jar[name], in.s.config.Insecure).String())
	}
	for _, name := range gone {
		h.Add("Set-Cookie", cookie.Expired(in.s.prefix+name, in.s.config.Insecure).String())
	}
	if len(set)+len(gone) > 0 {
		respond.Private(h)
	}
}
