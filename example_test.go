package waltz_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz"
	"github.com/waltz-oauth/waltz/provider"
	"github.com/waltz-oauth/waltz/storage/memstore"
	"github.com/waltz-oauth/waltz/storage/sqlstore/postgres"
	"github.com/waltz-oauth/waltz/storage/sqlstore/sqlite"
	"github.com/waltz-oauth/waltz/token"
	"github.com/waltz-oauth/waltz/waltztest"
)

// Tokens are kept in SQLite, one for each user of the application.
func ExampleNew() {
	open := func() (*waltz.App, error) {
		tokens, err := sqlite.Open("tokens.db")
		if err != nil {
			return nil, err
		}
		return waltz.New(waltz.Config{
			Secret:  os.Getenv("SECRET"), // openssl rand -base64 32
			Storage: tokens,
			User:    sessionUser,
			SignIn:  "/signin",
			BaseURL: "https://app.example",
		})
	}
	_ = open
	// Output:
}

// sessionUser reads the user that the application's own session middleware put into the context.
func sessionUser(ctx context.Context) (string, error) {
	id, _ := ctx.Value(sessionKey{}).(string)
	return id, nil // "": nobody is signed in
}

type sessionKey struct{}

// One program asks two organizations of one provider, so one of them needs a name of its own.
func ExampleApp_Register() {
	register := func(app *waltz.App) (*waltz.Consumer, error) {
		return app.Register(waltz.Registration{
			Name:     "work", // reads WORK_OAUTH_CLIENT_ID and WORK_OAUTH_CLIENT_SECRET
			Provider: provider.GitLab("git.example.org"),
			Scopes:   []string{"read_api"},
		})
	}
	_ = register
	// Output:
}

// "Log in with GitHub": the hook finds or makes the user, and signs them in.
func ExampleHooks() {
	var users interface {
		FindOrCreate(ctx context.Context, github, name string) (id string, err error)
	}
	var sessions interface {
		SignIn(w http.ResponseWriter, r *http.Request, id string) error
	}
	_ = waltz.Registration{
		Provider: provider.GitHub(),
		Hooks: waltz.Hooks{
			Authorized: func(w http.ResponseWriter, r *http.Request, a *waltz.Authorization) error {
				who, err := a.Identity(r.Context())
				if err != nil {
					return err
				}
				a.User, err = users.FindOrCreate(r.Context(), who.Subject, who.Name)
				if err != nil {
					return err
				}
				return sessions.SignIn(w, r, a.User)
			},
		},
	}
	// Output:
}

// A worker has no request, so it says whose token it needs.
func ExampleWithUser() {
	var github *waltz.Consumer
	nightly := func(ctx context.Context, user string) error {
		ctx = waltz.WithUser(ctx, user)
		resp, err := github.Client(ctx).Get("/user/repos")
		switch {
		case errors.Is(err, waltz.ErrNoToken), errors.Is(err, waltz.ErrReauthorize):
			return nil // not connected, or not any more: the user must log in again
		case err != nil:
			return err // the provider is down, say: try again later
		}
		return resp.Body.Close()
	}
	_ = nightly
	// Output:
}

func ExampleConsumer_Disconnect() {
	var github *waltz.Consumer
	deleteAccount := func(ctx context.Context, user string) error {
		err := github.Disconnect(waltz.WithUser(ctx, user))
		if errors.Is(err, waltz.ErrRevoke) {
			slog.Warn("GitHub did not confirm that a token ended", "user", user)
			return nil // it is deleted here
		}
		return err
	}
	_ = deleteAccount
	// Output:
}

// profile is a handler to be tested.
func profile(c *waltz.Consumer) http.Handler {
	return c.Require(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		resp, err := c.Client(r.Context()).Get("/user")
		if err != nil {
			http.Error(w, "the provider is not answering", http.StatusBadGateway)
			return
		}
		defer func() { _ = resp.Body.Close() }()
		var user struct{ Name string }
		if err := json.NewDecoder(resp.Body).Decode(&user); err != nil {
			http.Error(w, "the provider makes no sense", http.StatusBadGateway)
			return
		}
		_, _ = fmt.Fprintf(w, "Hello, %s", user.Name)
	}))
}

func TestProfile(t *testing.T) {
	t.Parallel()
	server := waltztest.New(t, waltztest.Config{})
	app, err := waltz.New(waltz.Config{Secret: "fake-secret-of-32-bytes-or-more-0123456789"})
	if err != nil {
		t.Fatal(err)
	}
	consumer, err := app.Register(waltz.Registration{
		Provider:     server.Provider(),
		ClientID:     server.ClientID,
		ClientSecret: server.ClientSecret,
	})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/login/", app)
	mux.Handle("/profile", profile(consumer))
	site := httptest.NewServer(app.Handler(mux))
	defer site.Close()

	resp, err := waltztest.NewBrowser().Login(t.Context(), site.URL+"/profile", "1001", waltztest.Allow)
	read(t, resp, err).want(t, http.StatusOK, "Hello, Demo Ada")
}

func TestAnExpiredTokenIsRefreshed(t *testing.T) {
	t.Parallel()
	server := waltztest.New(t, waltztest.Config{})
	app, err := waltz.New(waltz.Config{Secret: fakeSecret, Storage: memstore.New(), Site: true})
	if err != nil {
		t.Fatal(err)
	}
	consumer, err := app.Register(waltz.Registration{
		Provider:     server.Provider(),
		ClientID:     server.ClientID,
		ClientSecret: server.ClientSecret,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()

	granted, err := server.Grant("1001")
	if err != nil {
		t.Fatal(err)
	}
	expired := *granted
	expired.Expiry = time.Now().Add(-time.Second)
	if err := consumer.Save(ctx, &expired); err != nil {
		t.Fatal(err)
	}
	fresh, err := consumer.Token(ctx)
	if err != nil || fresh.AccessToken == granted.AccessToken {
		t.Errorf("the token is as it was, %v", err)
	}
}

// A token from elsewhere, such as a personal one, is kept like any other.
func ExampleConsumer_Save() {
	var github *waltz.Consumer
	save := func(ctx context.Context, user, personal string) error {
		return github.Save(waltz.WithUser(ctx, user), &token.Token{AccessToken: personal, TokenType: "Bearer"})
	}
	_ = save
	// Output:
}

// Several processes share a database.
func ExampleApp_Run() {
	var serve func(ctx context.Context, app *waltz.App) error
	main := func(ctx context.Context) error {
		tokens, err := postgres.Open(os.Getenv("DATABASE_URL")) //nolint:contextcheck // it waits for nothing
		if err != nil {
			return err
		}
		defer func() { _ = tokens.Close() }()
		app, err := waltz.New(waltz.Config{
			Secret:  os.Getenv("SECRET"), // the same in every process
			Storage: tokens,
			Cluster: true, // refuse a storage that processes cannot share
			User:    sessionUser,
			BaseURL: "https://app.example",
		})
		if err != nil {
			return err
		}
		go func() { _ = app.Run(ctx) }() // refresh ahead, in as many processes as you like

		err = serve(ctx, app) // until ctx is done

		// A token that has just come is stored before the process ends.
		ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
		defer cancel()
		return errors.Join(err, app.Shutdown(ending))
	}
	_ = main
	// Output:
}
