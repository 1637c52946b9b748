package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/urfave/cli/v3"

	"github.com/waltz-oauth/waltz"
	"github.com/waltz-oauth/waltz/cmd/waltz/internal/sealing"
	"github.com/waltz-oauth/waltz/cmd/waltz/internal/storages"
	"github.com/waltz-oauth/waltz/provider"
	"github.com/waltz-oauth/waltz/token"
)

func loginCommand() *cli.Command {
	return &cli.Command{
		Name:      "login",
		Usage:     "log in at a provider, and keep the token for waltz token and your own programs",
		ArgsUsage: "NAME",
		Description: "NAME is one of waltz providers, or what you call the one at --issuer. Register a client there first, whose\n" +
			"redirect URI is http://127.0.0.1/login/NAME/authorized, and set NAME_OAUTH_CLIENT_ID in the environment, and\n" +
			"NAME_OAUTH_CLIENT_SECRET if it has a secret. Where the provider wants the port in it, choose one with --listen.",
		Flags: append(consumerFlags(),
			&cli.StringSliceFlag{Name: "scope", Usage: "`SCOPE` to ask for, once for each; without it, what tells whose the account is"},
			&cli.BoolFlag{Name: "device", Usage: "log in with a code that is typed in on another device"},
			&cli.StringFlag{Name: "listen", Value: "127.0.0.1:0", Usage: "loopback `HOST:PORT` where the browser comes back to; port 0 is any free one"},
			&cli.BoolFlag{Name: "open", Usage: "open the address in a browser"},
		),
		Action: withConsumer(runLogin),
	}
}

func tokenCommand() *cli.Command {
	return &cli.Command{
		Name:        "token",
		Usage:       "print a fresh access token, for scripts: whoever sees it can use it",
		ArgsUsage:   "NAME",
		Description: "It is refreshed first where it has to be, so that it is good for 30 seconds at least.",
		Flags:       consumerFlags(),
		Action:      withConsumer(runToken),
	}
}

func consumerFlags() []cli.Flag {
	return append([]cli.Flag{
		&cli.StringFlag{Name: "storage", Required: true, Sources: cli.EnvVars("WALTZ_STORAGE"), Usage: "`URL` of where tokens are kept, or WALTZ_STORAGE in the environment: " + storages.Usage},
		&cli.StringFlag{Name: "user", Usage: "whose token it is, the application's `ID` of the user; without it, the site's own"},
		&cli.StringFlag{Name: "issuer", Usage: "`URL` of an OpenID Connect issuer, which says itself what there is to know"},
		&cli.StringMapFlag{Name: "set", Usage: "what the provider wants to know, as `PARAM=VALUE`"},
	}, sealing.Flags(false)...)
}

// withConsumer does something with the consumer that the flags describe.
func withConsumer(do func(context.Context, *cli.Command, *waltz.Consumer) error) cli.ActionFunc {
	return func(ctx context.Context, c *cli.Command) (err error) {
		name := c.Args().First()
		if c.Args().Len() != 1 {
			return fmt.Errorf("%s takes the name of one provider: waltz providers lists them", c.Name)
		}
		p, err := chosen(ctx, c, name)
		if err != nil {
			return err
		}
		storage, closeStorage, err := openShared(ctx, c)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, closeStorage()) }()
		config := waltz.Config{Secret: rand.Text() + rand.Text(), Storage: storage, Site: true, Logger: slog.New(slog.DiscardHandler)}
		if user := c.String("user"); user != "" {
			config.Site, config.User = false, func(context.Context) (string, error) { return user, nil }
		}
		app, err := waltz.New(config)
		if err != nil {
			return err
		}
		defer func() {
			const enough = 30 * time.Second
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), enough)
			defer cancel()
			err = errors.Join(err, app.Shutdown(ctx))
		}()
		secret := os.Getenv(strings.ToUpper(strings.ReplaceAll(name, "-", "_")) + "_OAUTH_CLIENT_SECRET")
		r := waltz.Registration{Provider: p, Name: name, Public: secret == ""}
		if scopes := c.StringSlice("scope"); len(scopes) > 0 {
			r.Scopes = scopes
		}
		consumer, err := app.Register(r)
		if err != nil {
			return err
		}
		return do(ctx, c, consumer)
	}
}

// chosen is the provider that the command is about.
func chosen(ctx context.Context, c *cli.Command, name string) (provider.Provider, error) {
	if issuer := c.String("issuer"); issuer != "" {
		if len(c.StringMap("set")) > 0 {
			return provider.Provider{}, errors.New("--issuer says all there is to know: --set goes with a provider of waltz providers")
		}
		return provider.Discover(ctx, &http.Client{Timeout: 30 * time.Second}, issuer)
	}
	all := provider.Presets()
	i := slices.IndexFunc(all, func(p provider.Preset) bool { return p.Name == name })
	if i < 0 {
		return provider.Provider{}, fmt.Errorf("no provider is called %q: waltz providers lists them, and --issuer takes others", name)
	}
	given := c.StringMap("set")
	for _, param := range all[i].Params {
		if _, ok := given[param]; !ok {
			return provider.Provider{}, fmt.Errorf("%s wants to know %s: --set %[2]s=VALUE", name, param)
		}
	}
	return made(all[i], given)
}

// openShared is a storage that outlives the command.
func openShared(ctx context.Context, c *cli.Command) (token.Storage, func() error, error) {
	s, closeStorage, err := openStorage(ctx, c)
	if err == nil && token.Reaches(s) == token.Process {
		err = errors.Join(fmt.Errorf("storage %q: want one that is there when this command has ended", storages.Shown(c.String("storage"))), closeStorage())
	}
	return s, closeStorage, err
}

func runLogin(ctx context.Context, c *cli.Command, consumer *waltz.Consumer) error {
	out := c.Root().ErrWriter
	if err := login(ctx, c, consumer); err != nil {
		return err
	}
	said := "your account at " + consumer.Name() + " is connected"
	if id, err := consumer.Identity(ctx); err == nil && id.Name != "" {
		said += ", as " + printable(id.Name)
	}
	fmt.Fprintln(out, said)
	return nil
}

func login(ctx context.Context, c *cli.Command, consumer *waltz.Consumer) error {
	out := c.Root().ErrWriter
	if c.Bool("device") {
		return consumer.LoginDevice(ctx, func(d provider.Device) error {
			fmt.Fprintf(out, "type %s in at %s\n", printable(d.UserCode), d.VerificationURL)
			if d.CompleteURL != "" {
				fmt.Fprintln(out, "or open", d.CompleteURL)
			}
			return nil
		})
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", c.String("listen"))
	if err != nil {
		return err
	}
	return consumer.LoginLoopback(ctx, l, func(address string) error {
		fmt.Fprintln(out, "log in at", address)
		if c.Bool("open") {
			return browse(ctx, address)
		}
		return nil
	})
}

func runToken(ctx context.Context, c *cli.Command, consumer *waltz.Consumer) error {
	t, err := consumer.Token(ctx)
	switch {
	case errors.Is(err, waltz.ErrNoToken), errors.Is(err, waltz.ErrReauthorize):
		return fmt.Errorf("%w: waltz login %s logs in", err, consumer.Name())
	case err != nil:
		return err
	case t.Secret != "":
		return errors.New("a token of OAuth 1 is of no use by itself: requests must be signed")
	}
	fmt.Fprintln(c.Root().Writer, t.AccessToken)
	return nil
}

// printable is what a provider said, without what could move a terminal's cursor.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, s)
}
