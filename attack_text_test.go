package waltz_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"unicode"

	"github.com/waltz-oauth/waltz"
	"github.com/waltz-oauth/waltz/waltztest"
)

// evil is text that tries to be more than text: a header, a line of a log, a command to a terminal, a
// part of the page.
const evil = "x\r\nSet-Cookie: evil=1\r\n\r\nlevel=ERROR msg=\"forged\"\n{\"level\":\"ERROR\",\"msg\":\"forged\"}\n" +
	"\x1b[2J\x1b]0;forged\x07\u202e\u2028\u0085\x00<script>alert(1)</script><img src=x onerror=alert(1)>\"'>{{.}}%s%n"

// TestAttackErrorText has a provider, and a stranger who makes up its answer, say evil wherever an error
// has words.
func TestAttackErrorText(t *testing.T) {
	t.Parallel()
	answer := func(status int, body any) func(*testing.T, *world) page {
		return func(t *testing.T, w *world) page {
			b, err := json.Marshal(body)
			if err != nil {
				t.Fatal(err)
			}
			w.provider.Next(waltztest.Exchange, waltztest.Answer{Status: status, Body: string(b)})
			return w.login(t, waltztest.Allow)
		}
	}
	callback := func(q url.Values) func(*testing.T, *world) page {
		return func(t *testing.T, w *world) page {
			u := request(t, http.MethodGet, w.callbackURL(t), "").URL
			q.Set("state", u.Query().Get("state"))
			q.Set("iss", w.provider.URL)
			return w.get(t, u.Path+"?"+q.Encode())
		}
	}
	for name, attack := range map[string]func(*testing.T, *world) page{
		"code":                    answer(400, map[string]string{"error": evil}),
		"description":             answer(400, map[string]string{"error": "invalid_grant", "error_description": evil, "error_uri": "javascript:" + evil}),
		"broken":                  answer(400, map[string]any{"error": map[string]string{evil: evil}}),
		"token type":              answer(200, map[string]string{"access_token": "fake-token", "token_type": evil}),
		"ID token":                answer(200, map[string]string{"access_token": "fake-token", "id_token": evil + "." + evil + "." + evil}),
		"member":                  answer(200, map[string]any{"access_token": []string{evil}, evil: evil}),
		"callback's code":         callback(url.Values{"error": {evil}}),
		"callback's description":  callback(url.Values{"error": {"server_error"}, "error_description": {evil}}),
		"callback's other things": callback(url.Values{"code": {""}, evil: {evil}, "error_uri": {"javascript:" + evil}}),
		"state": func(t *testing.T, w *world) page {
			return w.get(t, "/login/test/authorized?"+url.Values{"state": {evil}, "code": {evil}}.Encode())
		},
		"issuer": func(t *testing.T, w *world) page {
			u := request(t, http.MethodGet, w.callbackURL(t), "").URL
			q := u.Query()
			q.Set("iss", evil)
			return w.get(t, u.Path+"?"+q.Encode())
		},
		"header": func(t *testing.T, w *world) page {
			w.provider.Next(waltztest.Exchange, waltztest.Answer{Status: 429, Header: http.Header{"Retry-After": {evil}, "Date": {evil}, "Content-Type": {evil}}})
			return w.login(t, waltztest.Allow)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var text, lines lockedBuffer
			var last error
			w := newWorld(t, waltz.Config{Logger: slog.New(slog.NewMultiHandler(
				slog.NewTextHandler(&text, &slog.HandlerOptions{Level: slog.LevelDebug}),
				slog.NewJSONHandler(&lines, &slog.HandlerOptions{Level: slog.LevelDebug}),
			))}, waltz.Registration{Hooks: waltz.Hooks{
				Failed: func(_ http.ResponseWriter, _ *http.Request, err error) { last = err },
			}})
			p := attack(t, w)
			if p.status < 400 {
				t.Errorf("answered %d", p.status)
			}
			if strings.Contains(p.body, "<script>alert") || strings.Contains(p.body, "<img src=x") || strings.Contains(p.body, `href="javascript:`) {
				t.Errorf("the page has markup of the provider's:\n%s", p.body)
			}
			if strings.ContainsAny(p.body, "\x1b\x07\u202e\u2028\u0085") {
				t.Errorf("the page has control characters of the provider's:\n%q", p.body)
			}
			if got := p.header.Values("Set-Cookie"); strings.Contains(strings.Join(got, "\n"), "evil") {
				t.Errorf("cookies are %q", got)
			}
			wantOneLine(t, last)
			for line := range strings.Lines(text.String()) {
				if !strings.HasPrefix(line, "time=") {
					t.Errorf("a line of the log is %q", line)
				}
			}
			for line := range bytes.Lines([]byte(lines.String())) {
				var record struct{ Time, Msg string }
				if err := json.Unmarshal(line, &record); err != nil || record.Time == "" || record.Msg == "forged" {
					t.Errorf("a line of the log is %q", line)
				}
			}
		})
	}
}

// wantOneLine checks that err can be printed by those who quote nothing.
func wantOneLine(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		t.Error("the program was told nothing")
	}
	for ; err != nil; err = errors.Unwrap(err) {
		for _, verb := range []string{"%v", "%+v"} {
			said := fmt.Sprintf(verb, err)
			if strings.ContainsFunc(said, func(r rune) bool { return !unicode.IsPrint(r) }) || strings.Contains(said, "<script>") {
				t.Errorf("%s of the error is %q", verb, said)
			}
		}
	}
}
