package waltz_test

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz"
	"github.com/waltz-oauth/waltz/internal/canarytest"
	"github.com/waltz-oauth/waltz/provider"
	"github.com/waltz-oauth/waltz/storage/memstore"
	"github.com/waltz-oauth/waltz/token"
	"github.com/waltz-oauth/waltz/waltztest"
)

// TestAPanicShowsNoSecret has a hook panic in a goroutine of its own, which ends the process, and looks
// for secrets in what that says of every goroutine.
func TestAPanicShowsNoSecret(t *testing.T) {
	t.Parallel()
	if os.Getenv("WALTZ_PANIC_AT") != "" {
		panics(t, os.Getenv("WALTZ_PANIC_AT"))
	}
	server := waltztest.New(t, waltztest.Config{ClientSecret: "fake-secret-CHGUVBVSNO2S6JVSAPM3"})
	granted, err := server.Grant("1001")
	if err != nil {
		t.Fatal(err)
	}
	text, err := granted.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestAPanicShowsNoSecret$")
	cmd.Env = append(os.Environ(), "GOTRACEBACK=all", "WALTZ_PANIC_AT="+server.URL, "TEST_OAUTH_CLIENT_ID="+server.ClientID, "TEST_OAUTH_CLIENT_SECRET="+server.ClientSecret)
	cmd.Stdin = strings.NewReader(string(text))
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "panic: the hook panics") || server.Calls(waltztest.Refresh) != 1 {
		t.Fatalf("the process ended with %v, after %d refreshes, and said\n%s", err, server.Calls(waltztest.Refresh), out)
	}
	var c canarytest.Set
	for _, secret := range server.Secrets() {
		c.Add("what the provider issued or was sent", secret)
	}
	if name, before := c.Find(string(out)); name != "" {
		t.Errorf("%s is in the panic, after %q", name, before)
	}
}

// panics is the process that does. It reads a token, saves it as one that has expired, and asks for a
// fresh one.
func panics(t *testing.T, server string) {
	t.Helper()
	text := make([]byte, 1<<16)
	n, err := os.Stdin.Read(text)
	if err != nil {
		t.Fatal(err)
	}
	var granted token.Token
	if err := granted.UnmarshalJSON(text[:n]); err != nil {
		t.Fatal(err)
	}
	granted.Expiry = time.Now().Add(-time.Second)
	app, err := waltz.New(waltz.Config{Secret: fakeSecret, Storage: memstore.New(), Site: true})
	if err != nil {
		t.Fatal(err)
	}
	consumer, err := app.Register(waltz.Registration{
		Provider: provider.Provider{Name: "test", AuthorizationURL: server + "/authorize", TokenURL: server + "/token"},
		Hooks:    waltz.Hooks{Refreshed: func(_ context.Context, _ token.Key, _ *token.Token) { panic("the hook panics") }},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := consumer.Save(t.Context(), &granted); err != nil {
		t.Fatal(err)
	}
	_, _ = consumer.Token(t.Context())
	_ = app.Shutdown(t.Context()) // which a panic lets go on before it ends the process
	time.Sleep(time.Minute)
	t.Fatal("nothing panicked")
}
