package sessionstore_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz/internal/benchtest"
	"github.com/waltz-oauth/waltz/storage/sessionstore"
	"github.com/waltz-oauth/waltz/storage/sessionstore/internal/sessiontest"
	"github.com/waltz-oauth/waltz/token"
)

const (
	secret      = "fake-secret-for-tests-0000000000000000000000"
	otherSecret = "fake-secret-for-tests-1111111111111111111111"
)

func storage(t testing.TB, c sessionstore.Config) *sessionstore.Storage {
	t.Helper()
	if c.Secrets == nil {
		c.Secrets = []string{secret}
	}
	s, err := sessionstore.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestPromises(t *testing.T) {
	t.Parallel()
	sessiontest.Run(t, storage(t, sessionstore.Config{MaxBytes: 500_000}), false)
}

func TestTooLate(t *testing.T) {
	t.Parallel()
	sessiontest.RunTooLate(t, storage(t, sessionstore.Config{}))
}

var alice = token.Key{Provider: "test", User: "alice"}

// large returns a record of a token with n bytes of text.
func large(text string, n int) token.Record {
	return sessiontest.Record(strings.Repeat(text, n/len(text)))
}

// try runs f in a request of b, which must work.
func try(t *testing.T, b *sessiontest.Browser, f func(w http.ResponseWriter, r *http.Request) error) sessiontest.Answer {
	t.Helper()
	resp, err := b.Do(t.Context(), func(w http.ResponseWriter, r *http.Request) {
		if err := f(w, r); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

func set(s token.Storage, key token.Key, r token.Record) func(http.ResponseWriter, *http.Request) error {
	return func(_ http.ResponseWriter, req *http.Request) error { return s.Set(req.Context(), key, r) }
}

// has wants the access token at key; "" wants none.
func has(s token.Storage, key token.Key, want string) func(http.ResponseWriter, *http.Request) error {
	return func(_ http.ResponseWriter, req *http.Request) error {
		r, err := s.Get(req.Context(), key)
		if want == "" {
			if !errors.Is(err, token.ErrNotFound) {
				return fmt.Errorf("got %v, %w, want none", r, err)
			}
			return nil
		}
		if err != nil {
			return err
		}
		if r.Token.AccessToken != want {
			return fmt.Errorf("got %s, want another", r)
		}
		return nil
	}
}

func TestCookiesAreForThisHostAndThisSession(t *testing.T) {
	t.Parallel()
	for _, insecure := range []bool{false, true} {
		s := storage(t, sessionstore.Config{Insecure: insecure})
		b := sessiontest.NewBrowser(t, !insecure, s.Middleware)
		resp := try(t, b, set(s, alice, large("fake-", 9_000-5_000)))
		if n := len(resp.Cookies()); n != 2 {
			t.Fatalf("%d cookies, want 2", n)
		}
		for _, c := range resp.Cookies() {
			if c.Path != "/" || c.Domain != "" || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Secure == insecure {
				t.Errorf("insecure=%v: attributes of %s", insecure, c.Raw)
			}
			if c.MaxAge != 0 || !c.Expires.IsZero() {
				t.Error("outlives the session")
			}
			if strings.HasPrefix(c.Name, "__Host-waltz.") == insecure {
				t.Errorf("insecure=%v: name %s", insecure, c.Name)
			}
			if len(c.Raw) > 4096 {
				t.Errorf("cookie of %d bytes", len(c.Raw))
			}
		}
		try(t, b, has(s, alice, strings.Repeat("fake-", 800)))
	}
}

func TestATypicalTokenTakesFewBytes(t *testing.T) {
	t.Parallel()
	s := storage(t, sessionstore.Config{})
	b := sessiontest.NewBrowser(t, true, s.Middleware)
	r := token.New(benchToken(t))
	r.RefreshAt = r.Token.Expiry.Add(-5 * time.Minute)
	resp := try(t, b, set(s, token.Key{Provider: "google"}, r))
	const most = 1774 // what the next smallest takes
	all := resp.Cookies()
	if len(all) != 1 {
		t.Fatalf("%d cookies", len(all))
	}
	if n := len(all[0].Value); n >= most {
		t.Errorf("%d bytes and %d of name, want fewer than %d", n, len(all[0].Name), most)
	}
}

func benchToken(t testing.TB) *token.Token {
	t.Helper()
	read := new(token.Token)
	if err := read.UnmarshalJSON(benchtest.Token); err != nil {
		t.Fatal(err)
	}
	return read
}

func TestTooLargeChangesNothingAndSaysWhatToDo(t *testing.T) {
	t.Parallel()
	s := storage(t, sessionstore.Config{})
	b := sessiontest.NewBrowser(t, true, s.Middleware)
	try(t, b, set(s, alice, sessiontest.Record("fake-small")))
	resp := try(t, b, func(_ http.ResponseWriter, r *http.Request) error {
		err := s.Set(r.Context(), alice, large("fake-", 60_000))
		if !errors.Is(err, token.ErrTooLarge) {
			return fmt.Errorf("got %w, want ErrTooLarge", err)
		}
		for _, part := range []string{"81", "6144", "storage on the server"} {
			if !strings.Contains(err.Error(), part) {
				return fmt.Errorf("does not say %q: %w", part, err)
			}
		}
		return has(s, alice, "fake-small")(nil, r)
	})
	if n := len(resp.Cookies()); n != 0 {
		t.Errorf("%d cookies are set", n)
	}
	try(t, b, has(s, alice, "fake-small"))

	// All keys share the budget, and one that goes makes room.
	bob := token.Key{Provider: "test", User: "bob"}
	four := large("fake-", 3_000)
	try(t, b, set(s, bob, four))
	try(t, b, func(_ http.ResponseWriter, r *http.Request) error {
		if err := s.Set(r.Context(), alice, four); !errors.Is(err, token.ErrTooLarge) {
			return fmt.Errorf("got %w, want ErrTooLarge", err)
		}
		return errors.Join(s.Delete(r.Context(), bob), s.Set(r.Context(), alice, four))
	})
	try(t, b, has(s, alice, four.Token.AccessToken))
	try(t, b, has(s, bob, ""))
}

func TestWhatWasTamperedWithIsAbsentAndRemoved(t *testing.T) {
	t.Parallel()
	const text = "fake-"
	for name, tamper := range map[string]func(all map[string]string, alice, aliceTail, bob string){
		"changed":        func(all map[string]string, alice, _, _ string) { all[alice] = flip(all[alice], 40) },
		"changed end":    func(all map[string]string, _, tail, _ string) { all[tail] = flip(all[tail], len(all[tail])-1) },
		"version":        func(all map[string]string, alice, _, _ string) { all[alice] = flip(all[alice], len("2.ABCDEFGH.")) },
		"empty":          func(all map[string]string, alice, _, _ string) { all[alice] = "" },
		"cut":            func(all map[string]string, alice, _, _ string) { all[alice] = all[alice][:100] },
		"cut to nothing": func(all map[string]string, alice, _, _ string) { all[alice] = "2.ABCDEFGH." },
		"cut end":        func(all map[string]string, _, tail, _ string) { all[tail] = all[tail][:9] },
		"end lost":       func(all map[string]string, _, tail, _ string) { delete(all, tail) },
		"count":          func(all map[string]string, alice, _, _ string) { all[alice] = "1" + all[alice][1:] },
		"huge count":     func(all map[string]string, alice, _, _ string) { all[alice] = "99999999999999999999" + all[alice][1:] },
		"negative count": func(all map[string]string, alice, _, _ string) { all[alice] = "-" + all[alice] },
		"another's":      func(all map[string]string, alice, _, bob string) { all[alice] = all[bob] },
		"nonsense":       func(all map[string]string, alice, _, _ string) { all[alice] = "....%%%" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			s := storage(t, sessionstore.Config{MaxBytes: 20_000, Logger: slog.New(slog.NewTextHandler(&log, nil))})
			b := sessiontest.NewBrowser(t, true, s.Middleware)
			bob := token.Key{Provider: "test", User: "bob"}
			try(t, b, set(s, bob, sessiontest.Record("fake-bob")))
			bobs := b.Cookies()[0]
			try(t, b, set(s, alice, large(text, 4_000)))
			all := map[string]string{}
			var first, tail string
			for _, c := range b.Cookies() {
				all[c.Name] = c.Value
				switch {
				case c.Name == bobs.Name:
				case strings.Count(c.Name, ".") == 1:
					first = c.Name
				default:
					tail = c.Name
				}
			}
			tamper(all, first, tail, bobs.Name)
			for _, c := range b.Cookies() {
				value, kept := all[c.Name]
				changed := &http.Cookie{Name: c.Name, Value: value, Path: "/", Secure: true}
				if !kept {
					changed.MaxAge = -1
				}
				b.SetCookies(changed)
			}
			if log.Len() != 0 {
				t.Errorf("logged: %s", log.String())
			}
			try(t, b, has(s, alice, ""))
			if n := strings.Count(log.String(), "level=WARN"); n != 1 || !strings.Contains(log.String(), "alice") {
				t.Errorf("%d warnings: %s", n, log.String())
			}
			if strings.Contains(log.String(), text+text) || all[first] != "" && strings.Contains(log.String(), all[first]) {
				t.Error("the log has content in it")
			}
			if left := b.Cookies(); len(left) != 1 || left[0].Name != bobs.Name {
				t.Errorf("%d cookies are left, want bob's alone", len(left))
			}
			try(t, b, has(s, bob, "fake-bob"))
		})
	}
}

func flip(s string, i int) string {
	c := byte('A')
	if s[i] == c {
		c = 'B'
	}
	return s[:i] + string(c) + s[i+1:]
}

func TestTwoCookiesExchangedOpenNeither(t *testing.T) {
	t.Parallel()
	s := storage(t, sessionstore.Config{Logger: slog.New(slog.DiscardHandler)})
	b := sessiontest.NewBrowser(t, true, s.Middleware)
	bob := token.Key{Provider: "test", User: "bob"}
	try(t, b, func(_ http.ResponseWriter, r *http.Request) error {
		return errors.Join(s.Set(r.Context(), alice, sessiontest.Record("fake-a")), s.Set(r.Context(), bob, sessiontest.Record("fake-b")))
	})
	two := b.Cookies()
	two[0].Value, two[1].Value = two[1].Value, two[0].Value
	two[0].Path, two[1].Path = "/", "/"
	b.SetCookies(two...)
	try(t, b, has(s, alice, ""))
	try(t, b, has(s, bob, ""))
	if n := len(b.Cookies()); n != 0 {
		t.Errorf("%d cookies are left", n)
	}
}

func TestPrintedStorageShowsNoSecret(t *testing.T) {
	t.Parallel()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if printed := fmt.Sprintf(verb, storage(t, sessionstore.Config{})); strings.Contains(printed, secret) {
			t.Errorf("%s shows the secret", verb)
		}
	}
}

func TestSecretsRotate(t *testing.T) {
	t.Parallel()
	var current *sessionstore.Storage
	b := sessiontest.NewBrowser(t, true, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { current.Middleware(next).ServeHTTP(w, r) })
	})
	quiet := slog.New(slog.DiscardHandler)
	old := storage(t, sessionstore.Config{Secrets: []string{secret}, Logger: quiet})
	both := storage(t, sessionstore.Config{Secrets: []string{otherSecret, secret}, Logger: quiet})
	later := storage(t, sessionstore.Config{Secrets: []string{otherSecret}, Logger: quiet})

	current = old
	try(t, b, set(old, alice, sessiontest.Record("fake-1")))
	current = both
	try(t, b, has(both, alice, "fake-1"))
	try(t, b, set(both, alice, sessiontest.Record("fake-2")))
	current = later
	try(t, b, has(later, alice, "fake-2"))
	current = old
	try(t, b, has(old, alice, ""))
}

// TestPiecesOfTwoWritesNeverMix has two requests write at once, and the browser get the answers in
// the order that mixes them most.
func TestPiecesOfTwoWritesNeverMix(t *testing.T) {
	t.Parallel()
	s := storage(t, sessionstore.Config{MaxBytes: 100_000, Logger: slog.New(slog.DiscardHandler)})
	b := sessiontest.NewBrowser(t, true, s.Middleware)
	try(t, b, set(s, alice, large("fake-0", 9_000)))
	var both sync.WaitGroup
	var inside sync.WaitGroup
	inside.Add(2)
	for _, text := range []string{"fake-1", "fake-2"} {
		both.Go(func() {
			try(t, b, func(w http.ResponseWriter, r *http.Request) error {
				inside.Done()
				inside.Wait() // both have the cookies of fake-0
				return set(s, alice, large(text, 9_000))(w, r)
			})
		})
	}
	both.Wait()
	var got token.Record
	try(t, b, func(_ http.ResponseWriter, r *http.Request) (err error) {
		got, err = s.Get(r.Context(), alice)
		return err
	})
	if text := got.Token.AccessToken; text != strings.Repeat(text[:6], 1500) || text[:6] == "fake-0" {
		t.Error("neither of the two that were written")
	}
	before := len(b.Cookies())
	try(t, b, set(s, alice, large("fake-3", 9_000)))
	if n := len(b.Cookies()); n >= before {
		t.Errorf("%d cookies, %d before the pieces left behind went", n, before)
	}
	try(t, b, func(_ http.ResponseWriter, r *http.Request) error { return s.Delete(r.Context(), alice) })
	if n := len(b.Cookies()); n != 0 {
		t.Errorf("%d cookies are left", n)
	}
}

// TestABrowserBetweenTwoCookiesSeesAWholeToken takes in the cookies of a response one by one.
func TestABrowserBetweenTwoCookiesSeesAWholeToken(t *testing.T) {
	t.Parallel()
	s := storage(t, sessionstore.Config{MaxBytes: 100_000})
	b := sessiontest.NewBrowser(t, true, s.Middleware)
	try(t, b, set(s, alice, large("fake-old", 9_000)))
	sent := b.Cookies()
	resp := try(t, b, set(s, alice, large("fake-new", 12_000)))
	for i := range resp.Cookies() {
		midway := sessiontest.NewBrowser(t, true, s.Middleware)
		for _, c := range sent {
			midway.SetCookies(&http.Cookie{Name: c.Name, Value: c.Value, Path: "/"})
		}
		midway.SetCookies(resp.Cookies()[:i]...)
		try(t, midway, func(_ http.ResponseWriter, r *http.Request) error {
			_, err := s.Get(r.Context(), alice)
			return err
		})
	}
}

func TestManyGoroutinesOfOneRequest(t *testing.T) {
	t.Parallel()
	s := storage(t, sessionstore.Config{MaxBytes: 100_000})
	b := sessiontest.NewBrowser(t, true, s.Middleware)
	keys := make([]token.Key, 16)
	for i := range keys {
		keys[i] = token.Key{Provider: "test", Account: fmt.Sprint(i)}
	}
	try(t, b, func(w http.ResponseWriter, r *http.Request) error {
		var all sync.WaitGroup
		for _, key := range keys {
			all.Go(func() {
				if err := set(s, key, sessiontest.Record("fake-"+key.Account))(w, r); err != nil {
					t.Error(err)
				}
				if err := has(s, key, "fake-"+key.Account)(w, r); err != nil {
					t.Error(err)
				}
			})
			w.Header().Set("X-"+key.Account, "the handler's own header meanwhile")
		}
		all.Wait()
		return nil
	})
	for _, key := range keys {
		try(t, b, has(s, key, "fake-"+key.Account))
	}
}

// TestSetIsEitherSentOrRefused has a goroutine set while the handler begins the response.
func TestSetIsEitherSentOrRefused(t *testing.T) {
	t.Parallel()
	s := storage(t, sessionstore.Config{})
	for i := range 50 {
		var err error
		var done sync.WaitGroup
		h := s.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			done.Go(func() { err = s.Set(r.Context(), alice, sessiontest.Record("fake")) })
			for range i * 100 {
				w.Header().Set("X-Busy", "yes")
			}
			w.WriteHeader(http.StatusOK)
		}))
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
		done.Wait()
		sent := len(w.Result().Cookies()) == 1
		if sent != (err == nil) || err != nil && !errors.Is(err, token.ErrTooLate) {
			t.Errorf("sent %v, error %v", sent, err)
		}
	}
}

func TestNoSharedCacheKeepsWhatIsForOnePerson(t *testing.T) {
	t.Parallel()
	s := storage(t, sessionstore.Config{})
	b := sessiontest.NewBrowser(t, true, s.Middleware)
	for _, c := range []struct {
		name          string
		do            func(http.ResponseWriter, *http.Request) error
		control, vary string
	}{
		{"nothing asked", func(http.ResponseWriter, *http.Request) error { return nil }, "public, max-age=9", ""},
		{"delete of nothing", func(_ http.ResponseWriter, r *http.Request) error { return s.Delete(r.Context(), alice) }, "public, max-age=9", ""},
		{"get", has(s, alice, ""), "public, max-age=9", "Cookie"},
		{"set", set(s, alice, sessiontest.Record("fake")), "private, max-age=9", ""},
	} {
		resp := try(t, b, func(w http.ResponseWriter, r *http.Request) error {
			w.Header().Set("Cache-Control", "public, max-age=9")
			return c.do(w, r)
		})
		if got := resp.Header.Get("Cache-Control"); got != c.control {
			t.Errorf("%s: Cache-Control %q, want %q", c.name, got, c.control)
		}
		if got := resp.Header.Get("Vary"); got != c.vary {
			t.Errorf("%s: Vary %q, want %q", c.name, got, c.vary)
		}
	}
}

func TestNewSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]sessionstore.Config{
		"openssl rand": {},
		"31 bytes":     {Secrets: []string{"fake-secret-of-31-characters..."}},
		"cookie name":  {Secrets: []string{secret}, Name: "a=b"},
	} {
		if _, err := sessionstore.New(c); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "fake-secret") {
			t.Errorf("got %v, want %q in it", err, want)
		}
	}
}
