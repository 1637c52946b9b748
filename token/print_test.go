package token_test

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz/token"
)

const canary = "canary-fake-secret"

// secretive is a token of which every secret, and every member that may be one, holds the canary.
func secretive(t *testing.T) *token.Token {
	t.Helper()
	tok := read(t, `{"access_token":"canary-fake-secret-access-0001","token_type":"Bearer","refresh_token":"canary-fake-secret-2",
		"oauth_token_secret":"canary-fake-secret-3","id_token":"canary-fake-secret-4","scope":["canary-fake-secret-5"],"expires_at":1714982950}`)
	return tok
}

// check fails where shown has a secret, in any guise that fmt gives text.
func check(t *testing.T, what, shown string) {
	t.Helper()
	for _, guise := range []string{"%s", "%x", "% x", "%X", "% X", "%d", "%v", "%#x"} {
		var secret any = canary
		if guise == "%d" || guise == "%v" {
			secret = []byte(canary)
		}
		if strings.Contains(shown, strings.Trim(fmt.Sprintf(guise, secret), "[]")) {
			t.Errorf("%s shows a secret: %s", what, shown)
			return
		}
	}
}

func TestNoVerbShowsASecret(t *testing.T) {
	t.Parallel()
	tok := secretive(t)
	r := token.New(tok)
	key := token.Key{Provider: "github", User: "1"}
	type holder struct {
		Token   token.Token
		Pointer *token.Token
		Record  token.Record
		Any     any
	}
	verbs := []string{"%v", "%+v", "%#v", "%s", "%q", "%+q", "%#q", "%x", "%X", "% x", "%#x", "%d", "%b", "%o", "%O", "%c", "%U", "%e", "%f", "%g", "%t", "%T", "%z", "%30.5v", "%-5s", "%!"}
	for what, v := range map[string]any{
		"Token":            *tok,
		"*Token":           tok,
		"**Token":          &tok,
		"Record":           r,
		"*Record":          &r,
		"Entry":            token.Entry{Key: key, Record: r},
		"[]Token":          []token.Token{*tok},
		"[]*Token":         []*token.Token{tok},
		"[1]Record":        [1]token.Record{r},
		"map of Token":     map[string]token.Token{"a": *tok},
		"map of Record":    map[token.Key]token.Record{key: r},
		"map of *Record":   map[token.Key]*token.Record{key: &r},
		"struct":           holder{*tok, tok, r, tok},
		"pointer to one":   &holder{*tok, tok, r, r},
		"anonymous struct": struct{ T any }{[]any{tok, *tok, r}},
		"error":            &token.Error{Op: "set", Key: key, Err: fmt.Errorf("storing %v: %w", tok, token.ErrTooLarge)},
	} {
		for _, verb := range verbs {
			check(t, what+" as "+verb, fmt.Sprintf(verb, v))
		}
		check(t, what+" by Sprint", fmt.Sprint(v)+fmt.Sprintln(v))
	}
	check(t, "*Token as %p", fmt.Sprintf("%p", tok))
	record := struct{ pointer *token.Record }{&r}
	for _, verb := range verbs {
		check(t, "unexported *Record as "+verb, fmt.Sprintf(verb, record)+fmt.Sprintf(verb, &record))
	}
	hidden := struct{ pointer *token.Token }{tok}
	for _, verb := range []string{"%v", "%+v", "%#v"} {
		check(t, "unexported pointer as "+verb, fmt.Sprintf(verb, hidden)+fmt.Sprintf(verb, &hidden))
	}
}

func TestNoLoggerOfSlogShowsASecret(t *testing.T) {
	t.Parallel()
	tok := secretive(t)
	r := token.New(tok)
	var b strings.Builder
	for _, h := range []slog.Handler{slog.NewTextHandler(&b, nil), slog.NewJSONHandler(&b, nil)} {
		log := slog.New(h)
		log.Info("any", "token", tok, "value", *tok, "record", r, "pointer", &r, "error", &token.Error{Op: "get", Err: token.ErrNotFound})
		log.With("token", tok).WithGroup("g").Info("group", slog.Group("h", "token", *tok, slog.Any("record", &r)))
		log.Info("nothing", "token", (*token.Token)(nil), "record", (*token.Record)(nil))
	}
	check(t, "slog", b.String())
	if !strings.Contains(b.String(), "refreshable") {
		t.Errorf("nothing of the token is logged: %s", b.String())
	}
}

func TestStringSaysWhatHelps(t *testing.T) {
	t.Parallel()
	for want, tok := range map[string]token.Token{
		`token(empty)`:           {},
		`token(…)`:               {AccessToken: "short-0123456789"},
		`token("x" …)`:           {AccessToken: "short", TokenType: "x"},
		`token(…"6789")`:         {AccessToken: "long-0123456789-0123456789"},
		`token(…"\n\"\x00\xff")`: {AccessToken: "long-0123456789-0123456789\n\"\x00\xff"},
		`token("Bearer" …"0001", refreshable, expires 2024-05-06T08:09:10Z)`: *secretive(t),
	} {
		if got := tok.String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	r := token.Record{Token: secretive(t), State: token.InDoubt, Generation: 3}
	if got, want := r.String(), `record(`+r.Token.String()+`, in_doubt, generation 3)`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := (token.Record{}).String(), `record(no token, active, generation 0)`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := fmt.Sprint(token.State(9), token.Reach(9)); got != "state 9 unknown" {
		t.Errorf("got %s", got)
	}
	if got := (&token.Token{TokenType: strings.Repeat("t", 1000), Expiry: time.Unix(1, 0)}).String(); len(got) > 100 {
		t.Errorf("a long type makes a long line: %s", got)
	}
}

// A panic's message is written by the runtime, not by fmt.
func TestNoPanicShowsASecret(t *testing.T) {
	t.Parallel()
	if what := os.Getenv("TOKEN_TEST_PANIC"); what != "" {
		tok := secretive(t)
		panic(map[string]any{
			"token":   *tok,
			"pointer": tok,
			"record":  token.New(tok),
			"error":   errors.Join(&token.Error{Op: "set", Err: token.ErrConflict}, fmt.Errorf("with %+v", *tok)),
		}[what])
	}
	for _, what := range []string{"token", "pointer", "record", "error"} {
		c := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestNoPanicShowsASecret$")
		c.Env = append(os.Environ(), "TOKEN_TEST_PANIC="+what)
		out, err := c.CombinedOutput()
		if err == nil || !strings.Contains(string(out), "panic: ") {
			t.Fatalf("%s: it did not panic: %s", what, out)
		}
		check(t, "panic with "+what, string(out))
	}
}
