package provider_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/waltz-oauth/waltz/provider"
)

// answers is a provider that says this and that, one after the other, and the last one again and again.
type answers struct {
	device string
	token  []func() (int, string, error)
	asked  []time.Time
	forms  []url.Values
}

func (a *answers) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, err
	}
	a.forms = append(a.forms, form)
	status, text := http.StatusOK, a.device
	if r.URL.Path == "/token" {
		i := min(len(a.asked), len(a.token)-1)
		a.asked = append(a.asked, time.Now())
		if status, text, err = a.token[i](); err != nil {
			return nil, err
		}
	}
	return &http.Response{StatusCode: status, Header: make(http.Header), Body: io.NopCloser(strings.NewReader(text)), Request: r}, nil
}

func code(code string) func() (int, string, error) {
	return func() (int, string, error) { return http.StatusBadRequest, `{"error":"` + code + `"}`, nil }
}

func tells(status int, body string) func() (int, string, error) {
	return func() (int, string, error) { return status, body, nil }
}

func lost() (int, string, error) { return 0, "", errors.New("connection reset") }

const (
	deviceAnswer = `{"device_code":"fake-device","user_code":"ABCD-EFGH","verification_uri":"https://p.example/device","expires_in":600}`
	tokenAnswer  = `{"access_token":"fake-access","token_type":"bearer"}`
)

func (a *answers) client() *provider.Client {
	return &provider.Client{
		Provider: provider.Provider{Name: "p", AuthorizationURL: "https://p.example/a", TokenURL: "https://p.example/token", DeviceURL: "https://p.example/device"},
		ID:       "fake-id", HTTP: &http.Client{Transport: a},
	}
}

func TestDeviceAsksAsOftenAsItMay(t *testing.T) {
	ok := tells(http.StatusOK, tokenAnswer)
	pending := code("authorization_pending")
	limited := tells(http.StatusTooManyRequests, "")
	tests := map[string]struct {
		interval string
		token    []func() (int, string, error)
		want     []time.Duration // from one question to the next, the first from the beginning
	}{
		"every five seconds":              {"", []func() (int, string, error){pending, pending, ok}, []time.Duration{5, 5, 5}},
		"as the provider says":            {`,"interval":2`, []func() (int, string, error){pending, ok}, []time.Duration{2, 2}},
		"five seconds slower each time":   {"", []func() (int, string, error){code("slow_down"), code("slow_down"), pending, ok}, []time.Duration{5, 10, 15, 15}},
		"less often of who cannot be had": {"", []func() (int, string, error){lost, tells(503, ""), pending, ok}, []time.Duration{5, 10, 15, 5}},
		"less often of who is busy":       {"", []func() (int, string, error){tells(503, `{"error":"temporarily_unavailable"}`), tells(429, `{"error":"rate_limited"}`), ok}, []time.Duration{5, 10, 10}},
		"less often of who has enough":    {"", []func() (int, string, error){limited, ok}, []time.Duration{5, 10}},
		"GitHub's way of saying no":       {"", []func() (int, string, error){tells(200, `{"error":"authorization_pending"}`), ok}, []time.Duration{5, 5}},
		"an interval that is no time":     {`,"interval":-1`, []func() (int, string, error){ok}, []time.Duration{5}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := &answers{device: strings.TrimSuffix(deviceAnswer, "}") + tt.interval + "}", token: tt.token}
				c := a.client()
				last := time.Now()
				d, err := c.Device(t.Context(), []string{"a", "b"})
				if err != nil {
					t.Fatal(err)
				}
				got, err := c.Await(t.Context(), d)
				if err != nil || got.AccessToken != "fake-access" {
					t.Fatalf("got %v, %v", got, err)
				}
				if len(a.asked) != len(tt.want) {
					t.Fatalf("asked %d times, want %d", len(a.asked), len(tt.want))
				}
				for i, at := range a.asked {
					if waited := at.Sub(last); waited != tt.want[i]*time.Second {
						t.Errorf("question %d came after %v, want %v", i, waited, tt.want[i]*time.Second)
					}
					last = at
				}
				if f := a.forms[0]; f.Get("client_id") != "fake-id" || f.Get("scope") != "a b" {
					t.Errorf("the login began with %v", f)
				}
				if f := a.forms[1]; f.Get("device_code") != "fake-device" || f.Get("grant_type") != "urn:ietf:params:oauth:grant-type:device_code" || f.Get("client_id") != "fake-id" {
					t.Errorf("the token was asked for with other members: %d", len(f))
				}
			})
		})
	}
}

func TestDeviceLoginEnds(t *testing.T) {
	for name, tt := range map[string]struct {
		token func() (int, string, error)
		kind  provider.Kind
		code  string
		asked int
	}{
		"denied":                 {code("access_denied"), provider.Refused, "access_denied", 1},
		"too late, they say":     {code("expired_token"), provider.Refused, "expired_token", 1},
		"too late, we know":      {code("authorization_pending"), provider.Refused, "expired_token", 120},
		"an unknown code":        {code("invalid_grant"), provider.Refused, "invalid_grant", 1},
		"an unknown client":      {tells(http.StatusUnauthorized, `{"error":"invalid_client"}`), provider.Misconfigured, "invalid_client", 1},
		"a broken page for ever": {tells(http.StatusBadGateway, "<html>"), provider.Refused, "expired_token", 13},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := &answers{device: deviceAnswer, token: []func() (int, string, error){tt.token}}
				d, err := a.client().Device(t.Context(), nil)
				if err != nil {
					t.Fatal(err)
				}
				_, err = a.client().Await(t.Context(), d)
				e, ok := errors.AsType[*provider.Error](err)
				if !ok || e.Kind != tt.kind || e.Code != tt.code || len(a.asked) != tt.asked || strings.Contains(err.Error(), "fake-device") {
					t.Errorf("got %v after %d questions", err, len(a.asked))
				}
			})
		})
	}
	synctest.Test(t, func(t *testing.T) {
		a := &answers{device: deviceAnswer, token: []func() (int, string, error){code("authorization_pending")}}
		d, err := a.client().Device(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := a.client().Await(ctx, d); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a caller that gave up: %v", err)
		}
	})
}

func TestDeviceAnswersThatMakeNoSense(t *testing.T) {
	t.Parallel()
	good := map[string]any{"device_code": "fake-device", "user_code": "ABCD", "verification_uri": "https://p.example/device"}
	for name, change := range map[string]map[string]any{
		"no code":              {"device_code": nil},
		"no user code":         {"user_code": nil},
		"no address":           {"verification_uri": nil},
		"a script":             {"verification_uri": "javascript:alert(1)"},
		"http":                 {"verification_uri": "http://p.example/device"},
		"a script to be whole": {"verification_uri_complete": "javascript:alert(1)"},
		"an error":             {"error": "unauthorized_client"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			members := make(map[string]any)
			for _, from := range []map[string]any{good, change} {
				for name, v := range from {
					members[name] = v
				}
			}
			body, err := json.Marshal(members)
			if err != nil {
				t.Fatal(err)
			}
			_, err = (&answers{device: string(body)}).client().Device(t.Context(), nil)
			if e, ok := errors.AsType[*provider.Error](err); !ok || e.Op != "device" || strings.Contains(err.Error(), "fake-device") {
				t.Errorf("got %v", err)
			}
		})
	}
	d, err := (&answers{device: `{"device_code":"fake-device","user_code":"ABCD","verification_url":"https://p.example/device"}`}).client().Device(t.Context(), nil)
	if err != nil || d.VerificationURL != "https://p.example/device" {
		t.Errorf("Google's name for the address: %v, %v", d, err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
		if s := fmt.Sprintf(verb, d); strings.Contains(s, "fake-device") || strings.Contains(s, fmt.Sprintf("%x", "fake-device")) {
			t.Errorf("%s prints the device's code", verb)
		}
	}
}
