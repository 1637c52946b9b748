package sessionstore_test

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"testing"

	"github.com/waltz-oauth/waltz/internal/benchtest"
	"github.com/waltz-oauth/waltz/storage/sessionstore"
	"github.com/waltz-oauth/waltz/token"
)

// The limit that this storage is held against is the least code that does the same work: JSON in
// one pass, AES-256-GCM, base64, a cookie.
type byHand struct{ aead cipher.AEAD }

func newByHand(b testing.TB) byHand {
	block, err := aes.NewCipher([]byte("fake-key-of-32-bytes............"))
	if err != nil {
		b.Fatal(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		b.Fatal(err)
	}
	return byHand{aead}
}

func (h byHand) write(w http.ResponseWriter, r token.Record) error {
	plain, err := r.AppendJSON(make([]byte, 0, 2048))
	if err != nil {
		return err
	}
	sealed := make([]byte, 12, 12+len(plain)+16)
	_, _ = rand.Read(sealed)
	sealed = h.aead.Seal(sealed, sealed, plain, []byte("name"))
	http.SetCookie(w, &http.Cookie{
		Name: "__Host-name", Value: base64.RawURLEncoding.EncodeToString(sealed),
		Path: "/", HttpOnly: true, Secure: true, SameSite: http.SameSiteLaxMode,
	})
	return nil
}

func (h byHand) read(req *http.Request) (r token.Record, err error) {
	c, err := req.Cookie("__Host-name")
	if err != nil {
		return r, err
	}
	sealed, err := base64.RawURLEncoding.DecodeString(c.Value)
	if err != nil {
		return r, err
	}
	plain, err := h.aead.Open(nil, sealed[:12], sealed[12:], []byte("name"))
	if err != nil {
		return r, err
	}
	return r, r.UnmarshalJSON(plain)
}

func BenchmarkWrite(b *testing.B) {
	ours, hand := writers(b)
	benchtest.Compare(b, ours, hand)
}

func BenchmarkRead(b *testing.B) {
	ours, hand := readers(b)
	benchtest.Compare(b, ours, hand)
}

// TestAllocations holds what a benchmark cannot on a busy machine.
func TestAllocations(t *testing.T) {
	for name, c := range map[string]struct {
		sides func(testing.TB) (ours, hand func() error)
		more  float64
	}{
		"write": {writers, 17}, // the session, its response and context, its jar and a copy, names, Cache-Control
		"read":  {readers, 14}, // the session, its response and context, its jar, names, Vary
	} {
		ours, hand := c.sides(t)
		count := func(do func() error) float64 {
			return testing.AllocsPerRun(100, func() {
				if err := do(); err != nil {
					t.Error(err)
				}
			})
		}
		if is, limit := count(ours), count(hand); is > limit+c.more {
			t.Errorf("%s: %v allocations, %v by hand", name, is, limit)
		}
	}
}

// writers answer a request with a cookie: through the middleware, and by hand.
func writers(b testing.TB) (ours, hand func() error) {
	s, r, h := storage(b, sessionstore.Config{}), token.New(benchToken(b)), newByHand(b)
	return inRequest(s, "theme=dark", func(_ http.ResponseWriter, req *http.Request) error {
		return s.Set(req.Context(), alice, r)
	}), answer("theme=dark", func(w http.ResponseWriter, _ *http.Request) error { return h.write(w, r) })
}

// readers read the cookie that a writer set.
func readers(b testing.TB) (ours, hand func() error) {
	s, r, h := storage(b, sessionstore.Config{}), token.New(benchToken(b)), newByHand(b)
	cookie := func(handle func(w http.ResponseWriter) error) string {
		w := response{}
		if err := handle(w); err != nil {
			b.Fatal(err)
		}
		c, err := http.ParseSetCookie(w.Header().Get("Set-Cookie"))
		if err != nil {
			b.Fatal(err)
		}
		return "theme=dark; " + c.Name + "=" + c.Value
	}
	set := func(w http.ResponseWriter) (err error) {
		s.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
			err = s.Set(req.Context(), alice, r)
		})).ServeHTTP(w, new(http.Request))
		return err
	}
	return inRequest(s, cookie(set), func(_ http.ResponseWriter, req *http.Request) error {
			_, err := s.Get(req.Context(), alice)
			return err
		}), answer(cookie(func(w http.ResponseWriter) error { return h.write(w, r) }), func(_ http.ResponseWriter, req *http.Request) error {
			_, err := h.read(req)
			return err
		})
}

type handler func(http.ResponseWriter, *http.Request) error

// inRequest is answer inside the middleware of s.
func inRequest(s *sessionstore.Storage, cookie string, h handler) func() error {
	var err error
	inside := s.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { err = h(w, r) }))
	return answer(cookie, func(w http.ResponseWriter, r *http.Request) error {
		inside.ServeHTTP(w, r)
		return err
	})
}

// answer has h answer a request with that Cookie line.
func answer(cookie string, h handler) func() error {
	r := &http.Request{Header: http.Header{"Cookie": {cookie}}}
	return func() error {
		w := response{}
		err := h(w, r)
		return err
	}
}

// response is one of which only the header matters.
type response http.Header

func (w response) Header() http.Header         { return http.Header(w) }
func (w response) Write(p []byte) (int, error) { return len(p), nil }
func (w response) WriteHeader(int)             {}
