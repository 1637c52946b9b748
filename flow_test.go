package waltz

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/waltz-oauth/waltz/internal/cookie"
)

func newFlows(t testing.TB, insecure bool, secrets ...string) *flows {
	t.Helper()
	codec, err := cookie.New("flow", secrets)
	if err != nil {
		t.Fatal(err)
	}
	return &flows{codec: codec, insecure: insecure}
}

const (
	oneSecret     = "fake-secret-1-----------------------------"
	anotherSecret = "fake-secret-2-----------------------------"
)

// begun begins a login and returns its cookie.
func begun(t *testing.T, s *flows, f flow, sent ...*http.Cookie) []*http.Cookie {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/login/test", nil)
	for _, c := range sent {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	if err := s.begin(w, r, f); err != nil {
		t.Fatal(err)
	}
	return w.Result().Cookies()
}

func resumed(t *testing.T, s *flows, state string, cookies ...*http.Cookie) error {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/login/test/authorized", nil)
	for _, c := range cookies {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	_, err := s.resume(w, r, state)
	return err
}

func TestALoginIsResumedWithItsOwnCookieOnly(t *testing.T) {
	t.Parallel()
	s := newFlows(t, false, oneSecret)
	one, other := newFlow(), newFlow()
	c, d := begun(t, s, one)[0], begun(t, s, other)[0]
	moved := *d
	moved.Name = c.Name
	bent := *c
	bent.Value = bent.Value[:len(bent.Value)-1] + "_"
	for name, test := range map[string]struct {
		state   string
		cookies []*http.Cookie
		want    error
	}{
		"its own":               {one.State, []*http.Cookie{c}, nil},
		"both":                  {other.State, []*http.Cookie{c, d}, nil},
		"none":                  {one.State, nil, ErrState},
		"no state":              {"", []*http.Cookie{c}, ErrState},
		"another's":             {one.State, []*http.Cookie{d}, ErrState},
		"another's, renamed":    {one.State, []*http.Cookie{&moved}, ErrState},
		"tampered":              {one.State, []*http.Cookie{&bent}, ErrState},
		"a state with more":     {one.State + "x", []*http.Cookie{c}, ErrState},
		"a state with no end":   {string(make([]byte, 1<<16)), []*http.Cookie{c}, ErrState},
		"a state of other case": {"x" + one.State[1:], []*http.Cookie{c}, ErrState},
	} {
		if err := resumed(t, s, test.state, test.cookies...); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", name, err, test.want)
		}
	}
}

func TestALoginEndsAfterAWhile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newFlows(t, true, oneSecret)
		f := newFlow()
		c := begun(t, s, f)[0]
		time.Sleep(flowLife)
		if err := resumed(t, s, f.State, c); err != nil {
			t.Errorf("after %v: %v", flowLife, err)
		}
		time.Sleep(time.Second)
		if err := resumed(t, s, f.State, c); !errors.Is(err, ErrStateExpired) {
			t.Errorf("after more than %v: %v", flowLife, err)
		}
	})
}

func TestALoginOutlivesItsSecretsChange(t *testing.T) {
	t.Parallel()
	f := newFlow()
	c := begun(t, newFlows(t, true, oneSecret), f)[0]
	if err := resumed(t, newFlows(t, true, anotherSecret, oneSecret), f.State, c); err != nil {
		t.Errorf("under the previous secret: %v", err)
	}
	if err := resumed(t, newFlows(t, true, anotherSecret), f.State, c); !errors.Is(err, ErrState) {
		t.Errorf("under another secret: %v", err)
	}
}

func TestTheOldestLoginsGiveWay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newFlows(t, true, oneSecret)
		var kept []*http.Cookie
		for range flowMost {
			kept = append(kept, begun(t, s, newFlow(), kept...)...)
			time.Sleep(time.Second)
		}
		set := begun(t, s, newFlow(), kept...)
		if len(kept) != flowMost || len(set) != 2 || set[0].Name != kept[0].Name || set[0].MaxAge >= 0 {
			t.Errorf("one too many sets %v; there were %d", set, len(kept))
		}
	})
}

func TestALoginsCookieIsOutOfReach(t *testing.T) {
	t.Parallel()
	f := newFlow()
	c := begun(t, newFlows(t, false, oneSecret), f)[0]
	if c.Name[:7] != "__Host-" || !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || c.MaxAge <= 0 {
		t.Errorf("the cookie is %v", c)
	}
	if c := begun(t, newFlows(t, true, oneSecret), f)[0]; c.Secure || c.Name[:2] == "__" {
		t.Errorf("on plain http the cookie is %v", c)
	}
}

func TestEachLoginHasItsOwnSecrets(t *testing.T) {
	t.Parallel()
	a, b := newFlow(), newFlow()
	if a.State == b.State || a.Verifier == b.Verifier || a.Nonce == b.Nonce || a.State == a.Nonce {
		t.Error("two logins share a secret")
	}
	if n := len(a.Verifier); n < 43 || n > 128 { // RFC 7636 section 4.1
		t.Errorf("a verifier has %d characters", n)
	}
}
