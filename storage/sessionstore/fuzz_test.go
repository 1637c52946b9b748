package sessionstore

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/waltz-oauth/waltz/token"
)

// golden is what a browser sends that was given alice's token by an earlier build.
const golden = "__Host-waltz._fE54WDQaKdz02cD=Ab5KduaNt8OuXVdxdZzVHFh0E3NcxdoJp1YHiTcPbehoATidsHZHy6CUaYGSkUaOWiHeurcrsfIkKFu0-xnqB-nW_sSde5uGgwuuHwYYg8KBE1MiC0Up09y5J4u0HbeTOkatob0wGS4B7CjhUB1yU32NLe7JgJyypfekL5NVrgNax5xO_3js"

var alice = token.Key{Provider: "test", User: "alice"}

func goldenStorage(t testing.TB) *Storage {
	t.Helper()
	s, err := New(Config{
		Secrets: []string{"fake-secret-for-tests-0000000000000000000000"},
		Logger:  slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// request runs f in a request with that Cookie header, and returns the cookies of the response.
func request(s *Storage, line string, f func(ctx context.Context)) []*http.Cookie {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Cookie", line)
	w := httptest.NewRecorder()
	s.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { f(r.Context()) })).ServeHTTP(w, r)
	return w.Result().Cookies()
}

func TestCookiesOfEarlierBuildsOpen(t *testing.T) {
	t.Parallel()
	s := goldenStorage(t)
	request(s, golden, func(ctx context.Context) {
		r, err := s.Get(ctx, alice)
		if err != nil || r.Token.AccessToken != "fake-golden" {
			t.Errorf("%v, %v", r, err)
		}
	})
}

// FuzzCookies sends whatever header to an application that reads a token and writes another.
func FuzzCookies(f *testing.F) {
	f.Add(golden)
	f.Add(golden + "; " + golden)
	f.Add("a=b; " + golden[:60] + ";;=; =x")
	s := goldenStorage(f)
	name := s.prefix + tag(alice)
	f.Add(name + "=2.AAAAAAAA." + golden[len(name)+1:] + "; " + name + ".AAAAAAAA.1=AAAA; " + name + ".BBBBBBBB.1=x")
	f.Add(name + "=99999999999999999999.A.B; " + name + ".A.1=; " + name + ".=; " + s.prefix + "=; " + s.prefix + ".=")
	f.Fuzz(func(t *testing.T, line string) {
		next := token.New(&token.Token{AccessToken: "fake-next"})
		answer := request(s, line, func(ctx context.Context) {
			if r, err := s.Get(ctx, alice); err == nil && r.Token.AccessToken != "fake-golden" {
				t.Errorf("a token that nobody sealed: %v", r)
			}
			if err := s.Set(ctx, alice, next); errors.Is(err, token.ErrTooLarge) {
				t.Skip("no room beside so many cookies")
			} else if err != nil {
				t.Error(err)
			}
		})
		set := ""
		for _, c := range answer {
			if c.Name == name && c.MaxAge >= 0 {
				set = c.Name + "=" + c.Value
			}
		}
		request(s, set, func(ctx context.Context) {
			if r, err := s.Get(ctx, alice); err != nil || r.Token.AccessToken != "fake-next" {
				t.Errorf("what was set does not come back: %v", err)
			}
		})
	})
}
