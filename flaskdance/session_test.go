package flaskdance

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/waltz-oauth/waltz/storage/storagetest"
	"github.com/waltz-oauth/waltz/token"
)

const fakeSecret = "fake-secret-key-0123456789abcdef"

func session(t testing.TB, c SessionConfig) *Session {
	t.Helper()
	if c.SecretKey == "" {
		c.SecretKey = fakeSecret
	}
	s, err := NewSession(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// answered runs f in a request with that Cookie header, and returns the response.
func answered(s *Session, line string, f func(ctx context.Context)) *http.Response {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	if line != "" {
		r.Header.Set("Cookie", line)
	}
	w := httptest.NewRecorder()
	s.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { f(r.Context()) })).ServeHTTP(w, r)
	return w.Result()
}

// holding returns the Cookie header of a browser whose session has that JSON.
func holding(t testing.TB, s *Session, payload string) string {
	t.Helper()
	return s.config.name() + "=" + s.signer.sign(payload, time.Now())
}

// held returns the JSON of the session that a response leaves.
func held(t testing.TB, s *Session, r *http.Response) string {
	t.Helper()
	for _, c := range r.Cookies() {
		if payload, ok := s.signer.open(c.Value, time.Now(), time.Hour); ok && c.Name == s.config.name() {
			return payload
		}
	}
	t.Fatal("the response has no session")
	return ""
}

func TestSessionKeepsItsPromises(t *testing.T) {
	t.Parallel()
	s := session(t, SessionConfig{})
	storagetest.RunIn(t, func(t *testing.T) (context.Context, token.Storage) {
		began, over := make(chan context.Context), make(chan struct{})
		go answered(s, "", func(ctx context.Context) {
			began <- ctx
			<-over
		})
		t.Cleanup(func() { close(over) })
		return <-began, s
	})
}

func TestEitherSidesLoginHoldsOnBoth(t *testing.T) {
	t.Parallel()
	s, key := session(t, SessionConfig{}), token.Key{Provider: "github"}
	came := holding(t, s, `{"_user_id":"7","github_oauth_token":{"access_token":"fake-flask","scope":["repo"],"token_type":"bearer"}}`)
	answer := answered(s, came, func(ctx context.Context) {
		r, err := s.Get(ctx, key)
		if err != nil || r.Token.AccessToken != "fake-flask" || r.Grant == "" {
			t.Errorf("got %v, %v", r, err)
		}
		if err := s.Set(ctx, key, token.New(&token.Token{AccessToken: "fake-go", Expiry: time.Unix(1_900_000_000, 0)})); err != nil {
			t.Error(err)
		}
	})
	var left struct {
		ID    string         `json:"_user_id"`
		Token map[string]any `json:"github_oauth_token"`
	}
	if err := json.Unmarshal([]byte(held(t, s, answer)), &left); err != nil {
		t.Fatal(err)
	}
	if left.ID != "7" || left.Token["access_token"] != "fake-go" || left.Token["expires_at"] != 1.9e9 {
		t.Errorf("Flask finds %v", left)
	}
}

func TestOtherMembersOfTheSessionStayAsTheyAreSpelled(t *testing.T) {
	t.Parallel()
	s := session(t, SessionConfig{})
	const others = `"_flashes":[{" t":["message","\u017d\ud83d\udc19"]}],"a":1.50,"b":{" di":{" t__":[1,  2]}},"half":"\ud800"`
	answer := answered(s, holding(t, s, "{"+others+`,"x_oauth_token":{"access_token":"fake"}}`), func(ctx context.Context) {
		if err := s.Delete(ctx, token.Key{Provider: "x"}); err != nil {
			t.Error(err)
		}
	})
	if got := held(t, s, answer); got != "{"+others+"}" {
		t.Errorf("got %s", got)
	}
}

func TestAKeyThatFlaskHasNotIsNotTheOneItHas(t *testing.T) {
	t.Parallel()
	s := session(t, SessionConfig{})
	answered(s, holding(t, s, `{"github_oauth_token":{"access_token":"fake"}}`), func(ctx context.Context) {
		if _, err := s.Get(ctx, token.Key{Provider: "github", User: "alice"}); !errors.Is(err, token.ErrNotFound) {
			t.Errorf("alice has the browser's token: %v", err)
		}
	})
}

func TestASessionThatFlaskWouldRefuseIsAbsent(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]SessionConfig{"old": {Lifetime: time.Second}, "another's": {SecretKey: "fake-other"}} {
		synctest.Test(t, func(t *testing.T) {
			came := holding(t, session(t, SessionConfig{}), `{"github_oauth_token":{"access_token":"fake"}}`)
			time.Sleep(2 * time.Second)
			s := session(t, c)
			answer := answered(s, came, func(ctx context.Context) {
				if _, err := s.Get(ctx, token.Key{Provider: "github"}); !errors.Is(err, token.ErrNotFound) {
					t.Errorf("%s: got error %v", name, err)
				}
			})
			if len(answer.Header["Set-Cookie"]) > 0 {
				t.Errorf("%s: the answer sets a cookie", name)
			}
		})
	}
}

func TestWhatBrowsersWouldDropIsRefused(t *testing.T) {
	t.Parallel()
	s, key := session(t, SessionConfig{}), token.Key{Provider: "github"}
	var noise strings.Builder
	for i := range 4000 {
		noise.WriteByte("abcdefghijklmnop"[(i*i*7+i/3)%16])
	}
	answered(s, "", func(ctx context.Context) {
		r := token.New(&token.Token{AccessToken: noise.String() + mustText(t)})
		if err := s.Set(ctx, key, r); !errors.Is(err, token.ErrTooLarge) {
			t.Errorf("got error %v", err)
		}
		if _, err := s.Get(ctx, key); !errors.Is(err, token.ErrNotFound) {
			t.Errorf("it was stored all the same: %v", err)
		}
	})
}

// mustText is text that does not compress.
func mustText(t testing.TB) string {
	t.Helper()
	var b strings.Builder
	for range 300 {
		b.WriteString(token.New(nil).Grant)
	}
	return b.String()
}

func TestAfterTheFirstByteItIsTooLate(t *testing.T) {
	t.Parallel()
	s := session(t, SessionConfig{})
	h := s.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusOK)
		if err := s.Set(r.Context(), token.Key{Provider: "github"}, token.New(&token.Token{AccessToken: "fake"})); !errors.Is(err, token.ErrTooLate) {
			t.Errorf("got error %v", err)
		}
	}))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	if len(w.Header()["Set-Cookie"]) > 0 {
		t.Error("the answer sets a cookie")
	}
}

func TestOutsideAMiddlewareThereIsNoSession(t *testing.T) {
	t.Parallel()
	if _, err := session(t, SessionConfig{}).Get(t.Context(), token.Key{Provider: "github"}); !errors.Is(err, ErrNoSession) {
		t.Errorf("got error %v", err)
	}
}

func TestSessionWantsASecret(t *testing.T) {
	t.Parallel()
	for _, c := range []SessionConfig{
		{}, {SecretKey: "fake", Fallbacks: []string{""}}, {SecretKey: "fake", Name: "a b"}, {SecretKey: "fake", Path: "/;"}, {SecretKey: "fake", Lifetime: -1},
	} {
		if _, err := NewSession(c); err == nil || strings.Contains(err.Error(), "fake") {
			t.Errorf("%+v: got error %v", c, err)
		}
	}
}

// Flask wrote the headers; the clock here is the vector's.
func TestCookiesHaveFlasksAttributes(t *testing.T) {
	t.Parallel()
	var file struct {
		Vectors []struct {
			Name   string
			Inputs struct {
				Secret    string `json:"secret_key"`
				Config    map[string]any
				Now       int64
				Session   map[string]json.RawMessage
				Permanent bool
				Cookie    string
				Action    string
			}
			Expected struct {
				SetCookie []string `json:"set_cookie"`
				Vary      []string
			}
		}
	}
	vector(t, "cookies/set_cookie.json", &file)
	if len(file.Vectors) != 14 {
		t.Fatalf("there are %d vectors", len(file.Vectors))
	}
	for _, v := range file.Vectors {
		if v.Inputs.Action == "nested" {
			continue // a change that Flask does not notice; here a token is changed by Set alone
		}
		synctest.Test(t, func(t *testing.T) {
			time.Sleep(time.Until(time.Unix(v.Inputs.Now, 0)))
			s := session(t, configured(v.Inputs.Secret, v.Inputs.Config))
			came := ""
			if v.Inputs.Cookie != "" {
				came = "session=" + v.Inputs.Cookie
			}
			if v.Inputs.Permanent {
				came = holding(t, s, `{"_permanent":true}`)
			}
			key := token.Key{Provider: "github"}
			answer := answered(s, came, func(ctx context.Context) {
				var err error
				switch v.Inputs.Action {
				case "", "change":
					err = s.Set(ctx, key, token.New(&token.Token{AccessToken: "synthetic", TokenType: "bearer"}))
				case "read":
					_, err = s.Get(ctx, key)
				case "delete":
					err = s.Delete(ctx, key)
				}
				if err != nil {
					t.Error(err)
				}
			})
			got := answer.Cookies()
			if len(got) != len(v.Expected.SetCookie) || strings.Join(answer.Header["Vary"], ", ") != strings.Join(v.Expected.Vary, ", ") {
				t.Fatalf("%s: got %v, Vary %v", v.Name, answer.Header["Set-Cookie"], answer.Header["Vary"])
			}
			for i, c := range got {
				want, err := http.ParseSetCookie(v.Expected.SetCookie[i])
				if err != nil {
					t.Fatal(err)
				}
				if (c.Value == "") != (want.Value == "") {
					t.Errorf("%s: the value is %q", v.Name, c.Value)
				}
				c.Value, c.Raw, want.Value, want.Raw = "", "", "", ""
				if want.MaxAge < 0 { // any time that is past removes it
					c.Expires, c.RawExpires, want.Expires, want.RawExpires = time.Time{}, "", time.Time{}, ""
				}
				if c.String() != want.String() {
					t.Errorf("%s: got %s, want %s", v.Name, c, want)
				}
			}
		})
	}
}

// configured is what Flask's configuration is here.
func configured(secret string, flask map[string]any) SessionConfig {
	c := SessionConfig{SecretKey: secret}
	for name, value := range flask {
		switch text, _ := value.(string); name {
		case "PERMANENT_SESSION_LIFETIME":
			c.Lifetime = time.Duration(value.(float64)) * time.Second
		case "SESSION_COOKIE_SECURE":
			c.Secure = value.(bool)
		case "SESSION_COOKIE_HTTPONLY":
			c.Scriptable = !value.(bool)
		case "SESSION_COOKIE_SAMESITE":
			c.SameSite = http.SameSiteLaxMode
		case "SESSION_COOKIE_NAME":
			c.Name = text
		case "SESSION_COOKIE_DOMAIN":
			c.Domain = text
		case "SESSION_COOKIE_PATH", "APPLICATION_ROOT":
			c.Path = text
		}
	}
	return c
}

func TestAPermanentSessionIsSentWithEachResponseUnlessFlaskDoesNot(t *testing.T) {
	t.Parallel()
	for _, still := range []bool{false, true} {
		s := session(t, SessionConfig{NoRefresh: still})
		answer := answered(s, holding(t, s, `{"_permanent":true,"a":1}`), func(context.Context) {})
		if sent := len(answer.Cookies()) == 1; sent == still {
			t.Errorf("NoRefresh %t: sent is %t", still, sent)
		}
	}
}
