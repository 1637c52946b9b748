package waltz_test

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/waltz-oauth/waltz"
	"github.com/waltz-oauth/waltz/provider"
)

func TestWhatHoldsASecretPrintsWithout(t *testing.T) {
	t.Parallel()
	config := waltz.Config{Secret: fakeSecret, PreviousSecrets: []string{fakeSecret}, Logger: slog.New(slog.DiscardHandler)}
	registration := waltz.Registration{Provider: provider.GitHub(), ClientID: "id", ClientSecret: "fake-client-secret"}
	app, err := waltz.New(config)
	if err != nil {
		t.Fatal(err)
	}
	github, err := app.Register(registration)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []any{config, &config, registration, &registration, app, github} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%x"} {
			if s := fmt.Sprintf(verb, v); strings.Contains(s, "fake-") || !strings.HasSuffix(s, ")") {
				t.Errorf("%s of %T is %q", verb, v, s)
			}
		}
		for name, log := range map[string]func(*lockedBuffer) slog.Handler{
			"text": func(b *lockedBuffer) slog.Handler { return slog.NewTextHandler(b, nil) },
			"JSON": func(b *lockedBuffer) slog.Handler { return slog.NewJSONHandler(b, nil) },
		} {
			var b lockedBuffer
			slog.New(log(&b)).Info("x", "v", v)
			if strings.Contains(b.String(), "fake-") {
				t.Errorf("a log of %s shows a secret of %T", name, v)
			}
		}
	}
}
