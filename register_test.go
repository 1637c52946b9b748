package waltz_test

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/waltz-oauth/waltz"
	"github.com/waltz-oauth/waltz/provider"
	"github.com/waltz-oauth/waltz/storage/memstore"
)

func TestNewSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	quiet := slog.New(slog.DiscardHandler)
	for name, test := range map[string]struct {
		config waltz.Config
		says   string
	}{
		"nothing":                    {waltz.Config{}, ""},
		"short secret":               {waltz.Config{Secret: "fake"}, "openssl rand -base64 32"},
		"short old secret":           {waltz.Config{Secret: fakeSecret, PreviousSecrets: []string{"fake"}}, "openssl rand -base64 32"},
		"old secret alone":           {waltz.Config{PreviousSecrets: []string{fakeSecret}}, "Config.Secret is not"},
		"path":                       {waltz.Config{Path: "login"}, "slash"},
		"base":                       {waltz.Config{BaseURL: "http://app.example"}, "https://"},
		"shared by accident":         {waltz.Config{Storage: memstore.New()}, "Config.User"},
		"shared by optional users":   {waltz.Config{Storage: memstore.New(), User: currentUser, UserOptional: true}, "Config.Site"},
		"shared on purpose":          {waltz.Config{Storage: memstore.New(), Site: true}, ""},
		"sign-in elsewhere":          {waltz.Config{User: currentUser, SignIn: "https://app.example"}, "a path on this site"},
		"sign-in without users":      {waltz.Config{SignIn: "/signin"}, "without Config.User"},
		"users":                      {waltz.Config{Storage: memstore.New(), User: currentUser}, ""},
		"optional users, in session": {waltz.Config{User: currentUser, UserOptional: true}, ""},
	} {
		test.config.Logger = quiet
		_, err := waltz.New(test.config)
		if test.says == "" && err != nil || test.says != "" && (err == nil || !strings.Contains(err.Error(), test.says)) {
			t.Errorf("%s: %v, want an error with %q", name, err, test.says)
		}
		if err != nil && strings.Contains(err.Error(), fakeSecret) {
			t.Errorf("%s: the error shows a secret", name)
		}
	}
}

func TestNoSecretIsARandomOneAndAWarning(t *testing.T) {
	t.Parallel()
	var log lockedBuffer
	if _, err := waltz.New(waltz.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(log.String(), "level=WARN") || !strings.Contains(log.String(), "Config.Secret") {
		t.Errorf("logged %q", log.String())
	}
}

func TestRegisterSaysWhatIsWrong(t *testing.T) {
	t.Setenv("WORK_OAUTH_CLIENT_ID", "id-from-environment")
	t.Setenv("WORK_OAUTH_CLIENT_SECRET", "fake-from-environment")
	app, err := waltz.New(waltz.Config{Secret: fakeSecret})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		registration waltz.Registration
		says         string
	}{
		{waltz.Registration{Provider: provider.GitHub()}, "GITHUB_OAUTH_CLIENT_ID"},
		{waltz.Registration{Provider: provider.GitHub(), ClientID: "id"}, "GITHUB_OAUTH_CLIENT_SECRET"},
		{waltz.Registration{Provider: provider.GitHub(), ClientID: "id", Public: true}, ""},
		{waltz.Registration{Provider: provider.GitHub(), ClientID: "id", ClientSecret: "fake"}, "taken"},
		{waltz.Registration{Provider: provider.GitHub(), Name: "work"}, ""},
		{waltz.Registration{Provider: provider.GitHub(), Name: "accounts", ClientID: "id", ClientSecret: "fake", Accounts: true}, "Config.User"},
		{waltz.Registration{Provider: provider.GitHub(), Name: "a b", ClientID: "id", ClientSecret: "fake"}, "a name is"},
		{waltz.Registration{Provider: provider.GitHub(), Name: "..", ClientID: "id", ClientSecret: "fake"}, "a name is"},
		{waltz.Registration{Name: "none", ClientID: "id", ClientSecret: "fake"}, "none"},
		{waltz.Registration{ClientID: "id", ClientSecret: "fake"}, "Provider is missing"},
	} {
		_, err := app.Register(test.registration)
		if test.says == "" && err != nil || test.says != "" && (err == nil || !strings.Contains(err.Error(), test.says)) {
			t.Errorf("%q: %v, want an error with %q", test.registration.Name, err, test.says)
		}
	}
}
