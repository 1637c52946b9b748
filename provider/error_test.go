package provider_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz/provider"
)

func TestAnswersAreClassified(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		status int
		body   string
		kind   provider.Kind
		code   string
	}{
		{400, `{"error":"invalid_grant"}`, provider.Refused, "invalid_grant"},
		{401, `{"error":"invalid_grant"}`, provider.Refused, "invalid_grant"},
		{200, `{"error":"invalid_grant"}`, provider.Refused, "invalid_grant"},
		{400, `error=invalid_grant&error_description=Gone`, provider.Refused, "invalid_grant"},
		{200, `{"error":"bad_verification_code","error_description":"…"}`, provider.Refused, "bad_verification_code"},
		{200, `error=bad_refresh_token&error_uri=x`, provider.Refused, "bad_refresh_token"},
		{200, `{"access_token":"a","error":"invalid_grant"}`, provider.Refused, "invalid_grant"},

		{401, `{"error":"invalid_client"}`, provider.Misconfigured, "invalid_client"},
		{400, `{"error":"unauthorized_client"}`, provider.Misconfigured, "unauthorized_client"},
		{400, `{"error":"invalid_request"}`, provider.Misconfigured, "invalid_request"},
		{400, `{"error":"unsupported_grant_type"}`, provider.Misconfigured, "unsupported_grant_type"},
		{400, `{"error":"invalid_scope"}`, provider.Misconfigured, "invalid_scope"},
		{200, `{"error":"redirect_uri_mismatch"}`, provider.Misconfigured, "redirect_uri_mismatch"},
		{200, `{"error":"incorrect_client_credentials"}`, provider.Misconfigured, "incorrect_client_credentials"},
		{401, ``, provider.Misconfigured, ""},
		{403, `<html>`, provider.Misconfigured, ""},

		{429, ``, provider.Limited, ""},
		{429, `{"error":"invalid_grant"}`, provider.Limited, "invalid_grant"},

		{500, ``, provider.Doubtful, ""},
		{503, `{"error":"invalid_grant"}`, provider.Doubtful, "invalid_grant"},
		{400, `{"error":"never_heard_of"}`, provider.Doubtful, "never_heard_of"},
		{400, `{"error":"what\nis \"this\""}`, provider.Doubtful, "malformed"},
		{400, `{"error":{"message":"odd"}}`, provider.Doubtful, ""},
		{400, ``, provider.Doubtful, ""},
		{404, `not found`, provider.Doubtful, ""},
		{200, ``, provider.Doubtful, ""},
		{200, `null`, provider.Doubtful, ""},
		{200, `[]`, provider.Doubtful, ""},
		{200, `{}`, provider.Doubtful, ""},
		{200, `{"access_token":""}`, provider.Doubtful, ""},
		{200, `{"access_token":17}`, provider.Doubtful, ""},
		{200, `{"access_token":"a"`, provider.Doubtful, ""},
		{200, `{"access_token":"a","token_type":"mac"}`, provider.Doubtful, ""},
		{200, `<html>sign in</html>`, provider.Doubtful, ""},
		{200, `access_token=%zz`, provider.Doubtful, ""},
		{200, `access_token=%ff`, provider.Doubtful, ""},
		{200, `a=b`, provider.Doubtful, ""},
	} {
		t.Run(fmt.Sprintf("%d %s", tt.status, tt.body), func(t *testing.T) {
			t.Parallel()
			c, requests := serve(t, says(tt.status, tt.body))
			_, err := c.Refresh(t.Context(), stored(t, ""))
			e := failed(t, err)
			if e.Kind != tt.kind || e.Code != tt.code || e.Status != tt.status || e.Op != "refresh" || e.Provider != "fake" {
				t.Errorf("got %s %q %d %s %s: %v", e.Kind, e.Code, e.Status, e.Op, e.Provider, err)
			}
			_, err = c.Exchange(t.Context(), grant())
			if e := failed(t, err); e.Kind != tt.kind || e.Code != tt.code || e.Status != tt.status || e.Op != "exchange" {
				t.Errorf("exchange: got %v", err)
			}
			if requests.Load() != 2 {
				t.Errorf("%d requests for two calls", requests.Load())
			}
		})
	}
}

func TestRetryAfterIsSecondsOrADate(t *testing.T) {
	t.Parallel()
	const date = "Mon, 02 Jan 2006 15:04:05 GMT"
	for v, want := range map[string]time.Duration{
		"":                              0,
		"0":                             0,
		"120":                           2 * time.Minute,
		"-5":                            0,
		"soon":                          0,
		"1e3":                           0,
		"99999999999999999999999999":    24 * time.Hour,
		"Mon, 02 Jan 2006 15:05:05 GMT": time.Minute,
		"Mon, 02 Jan 2006 15:00:00 GMT": 0,
		"Fri, 02 Jan 2099 15:00:00 GMT": 24 * time.Hour,
	} {
		c, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Date", date)
			w.Header().Set("Retry-After", v)
			w.WriteHeader(http.StatusTooManyRequests)
		})
		_, err := c.Refresh(t.Context(), stored(t, ""))
		if e := failed(t, err); e.Kind != provider.Limited || e.RetryAfter != want {
			t.Errorf("Retry-After %q: got %s %s, want %s", v, e.Kind, e.RetryAfter, want)
		}
	}
}

func TestWhatWasNeverSentIsUnsent(t *testing.T) {
	t.Parallel()
	c, requests := serve(t, says(200, `{"access_token":"a"}`))
	var config net.ListenConfig
	nobody, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := "http://" + nobody.Addr().String()
	if err := nobody.Close(); err != nil {
		t.Fatal(err)
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	for name, tt := range map[string]struct {
		ctx context.Context
		url string
		is  error
	}{
		"nobody listens":   {t.Context(), closed + "?key=canary", nil},
		"no such protocol": {t.Context(), strings.Replace(c.Provider.TokenURL, "http:", "https:", 1), nil},
		"given up before":  {over, c.Provider.TokenURL, context.Canceled},
	} {
		t.Run(name, func(t *testing.T) {
			c := &provider.Client{Provider: c.Provider, ID: c.ID, Secret: c.Secret}
			c.Provider.TokenURL = tt.url
			_, err := c.Refresh(tt.ctx, stored(t, ""))
			if e := failed(t, err); e.Kind != provider.Unsent || e.Status != 0 {
				t.Errorf("got %v", err)
			}
			if tt.is != nil && !errors.Is(err, tt.is) {
				t.Errorf("%v does not match %v", err, tt.is)
			}
		})
	}
	if requests.Load() != 0 {
		t.Errorf("%d requests arrived", requests.Load())
	}
}

func TestAnAddressThatIsNotSafeGetsNothing(t *testing.T) {
	t.Parallel()
	c := &provider.Client{Provider: provider.Provider{Name: "fake", TokenURL: "http://provider.example/token"}, ID: "fake-id", Secret: fakeSecret}
	_, err := c.Exchange(t.Context(), grant())
	if e := failed(t, err); e.Kind != provider.Misconfigured {
		t.Errorf("got %v", err)
	}
}

func TestATokenWithoutRefreshTokenIsRefused(t *testing.T) {
	t.Parallel()
	c, requests := serve(t, says(200, `{"access_token":"a"}`))
	_, err := c.Refresh(t.Context(), stored(t, `,"refresh_token":null`))
	if e := failed(t, err); e.Kind != provider.Refused || requests.Load() != 0 {
		t.Errorf("got %v after %d requests", err, requests.Load())
	}
}

func TestErrorsRepeatNoSecretThatTheProviderRepeats(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]func(sent string) http.HandlerFunc{
		"description": func(sent string) http.HandlerFunc {
			return says(400, `{"error":"invalid_grant","error_description":"\u001b[31m`+sent+`\r\nlevel=INFO"}`)
		},
		"code": func(sent string) http.HandlerFunc { return says(400, `{"error":"`+sent+`"}`) },
		"form": func(sent string) http.HandlerFunc {
			return says(400, `error=invalid_grant&error_description=%0a`+url.QueryEscape(sent))
		},
		"type":        func(sent string) http.HandlerFunc { return says(200, `{"access_token":"a","token_type":"`+sent+`"}`) },
		"status line": func(sent string) http.HandlerFunc { return raw("HTTP/9 " + sent + "\r\n\r\n") },
		"no HTTP":     func(sent string) http.HandlerFunc { return raw(sent + "\r\n\r\n") },
		"header":      func(sent string) http.HandlerFunc { return raw("HTTP/1.1 200 OK\r\n" + sent + "\r\n\r\n") },
		"chunk": func(sent string) http.HandlerFunc {
			return raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + sent + "\r\n")
		},
		"encoding": func(sent string) http.HandlerFunc {
			return raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: " + sent + "\r\n\r\n")
		},
		"location": func(sent string) http.HandlerFunc {
			return raw("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/?" + sent + "\r\n\r\n")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, _ := serve(t, answer(fakeSecret+" "+fakeRefresh+" "+fakeAccess+" "+url.QueryEscape(fakeRefresh)))
			_, err := c.Refresh(t.Context(), stored(t, ""))
			_ = failed(t, err)
			c, _ = serve(t, answer(fakeSecret+" "+fakeCode+" "+fakeVerifier+" "+fakeNonce))
			_, err = c.Exchange(t.Context(), grant())
			_ = failed(t, err)
			for _, secret := range []string{fakeSecret, fakeRefresh} {
				c, _ = serve(t, answer(secret))
				_, err = c.Refresh(t.Context(), stored(t, ""))
				_ = failed(t, err)
			}
			c, _ = serve(t, answer(fakeNonce)) // which could pass for a code
			_, err = c.Exchange(t.Context(), grant())
			_ = failed(t, err)
		})
	}
}

// raw answers with these bytes and hangs up.
func raw(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		_, _ = io.WriteString(conn, text)
		_ = conn.Close()
	}
}

func TestNothingPrintsTheClientSecret(t *testing.T) {
	t.Parallel()
	c := &provider.Client{Provider: provider.GitHub(), ID: "fake-id", Secret: fakeSecret}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if text := fmt.Sprintf(verb, c); strings.Contains(text, fakeSecret) || !strings.Contains(text, "github") {
			t.Errorf("%s: %s", verb, text)
		}
	}
	if c.LogValue().String() != "client(github)" {
		t.Error(c.LogValue())
	}
}

func TestErrorText(t *testing.T) {
	t.Parallel()
	for want, e := range map[string]*provider.Error{
		`provider "github": refresh: refused: invalid_grant (status 400)`: {
			Op: "refresh", Provider: "github", Kind: provider.Refused, Code: "invalid_grant", Status: 400, Description: "left out",
		},
		`provider "a\nb": exchange: unsent: no route`: {Op: "exchange", Provider: "a\nb", Kind: provider.Unsent, Err: errors.New("no route")},
		`provider "x": revoke: kind 9: a b`:           {Op: "revoke", Provider: "x", Kind: 9, Code: "a\nb"},
	} {
		if e.Error() != want {
			t.Errorf("got %s, want %s", e, want)
		}
	}
}

func TestWhatIsBehindAnErrorCanBeFound(t *testing.T) {
	t.Parallel()
	c, _ := serve(t, says(200, ""))
	c.Provider.TokenURL = "http://127.0.0.1:1/token"
	_, err := c.Exchange(t.Context(), grant())
	if network, ok := errors.AsType[*net.OpError](err); !ok || network.Op != "dial" {
		t.Errorf("%v is no dial error", err)
	}
}
