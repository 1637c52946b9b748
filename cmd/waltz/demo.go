package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os/exec"
	"runtime"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/waltz-oauth/waltz/cmd/waltz/internal/demo"
	"github.com/waltz-oauth/waltz/cmd/waltz/internal/sealing"
	"github.com/waltz-oauth/waltz/cmd/waltz/internal/storages"
	"github.com/waltz-oauth/waltz/token"
)

func demoCommand() *cli.Command {
	return &cli.Command{
		Name:  "demo",
		Usage: "run a small application and a test provider on this machine",
		Description: "Choose a user, connect an account, call the API, let the token expire and see it refreshed,\n" +
			"disconnect. No account and no network is needed. Ctrl-C ends it.",
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "addr", Value: "127.0.0.1:8080", Usage: "loopback `HOST:PORT` of the application; port 0 is any free one"},
			&cli.StringFlag{Name: "storage", Value: "sqlite:waltz-demo.db", Usage: "`URL` of where tokens are kept: " + storages.Usage},
			&cli.BoolFlag{Name: "open", Usage: "open the page in a browser"},
			&cli.BoolFlag{Name: "walk", Usage: "do everything by HTTP, say what happens, and end; exit status 0 if all of it held"},
		}, sealing.Flags(false)...),
		Action: runDemo,
	}
}

func runDemo(ctx context.Context, c *cli.Command) (err error) {
	if c.Args().Present() {
		return fmt.Errorf("demo takes no arguments, only flags: %q", c.Args().First())
	}
	url := c.String("storage")
	storage, closeStorage, err := openDemo(ctx, c, url)
	if err != nil {
		return err
	}
	defer func() {
		if e := closeStorage(); err == nil {
			err = e
		}
	}()
	addr := c.String("addr")
	if c.Bool("walk") && !c.IsSet("addr") {
		addr = "127.0.0.1:0"
	}
	d, err := demo.Start(ctx, demo.Config{
		Addr:        addr,
		Storage:     storage,
		StorageName: storages.Shown(url),
		Logger:      slog.New(slog.NewTextHandler(c.Root().ErrWriter, nil)),
	})
	if err != nil {
		return err
	}
	defer func() {
		const patience = 10 * time.Second
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
		defer cancel()
		if e := d.Close(ctx); err == nil {
			err = e
		}
	}()
	out := c.Root().Writer
	if c.Bool("walk") {
		return d.Walk(ctx, out)
	}
	fmt.Fprintf(c.Root().ErrWriter, "The demo is running, tokens are in %s. Ctrl-C ends it.\n", storages.Shown(url))
	return show(ctx, out, d.URL+"/", c.Bool("open"))
}

// openDemo is the storage, behind a seal where keys were given.
func openDemo(ctx context.Context, c *cli.Command, url string) (token.Storage, func() error, error) {
	if c.String("keys") == "" {
		return storages.Open(url) //nolint:contextcheck // it does not wait for long
	}
	keys, err := sealing.File(c)
	if err != nil {
		return nil, nil, err
	}
	return sealing.Open(ctx, keys, url, false)
}

// show says where the demo is, until ctx is done.
func show(ctx context.Context, out io.Writer, url string, open bool) error {
	fmt.Fprintln(out, url)
	if open {
		if err := browse(ctx, url); err != nil {
			fmt.Fprintln(out, "no browser could be opened:", err)
		}
	}
	<-ctx.Done()
	return nil
}

// browse opens url in the person's browser.
func browse(ctx context.Context, url string) error {
	command := map[string][]string{
		"darwin":  {"open"},
		"windows": {"rundll32", "url.dll,FileProtocolHandler"},
	}[runtime.GOOS]
	if command == nil {
		command = []string{"xdg-open"}
	}
	opener := exec.CommandContext(context.WithoutCancel(ctx), command[0], append(command[1:], url)...) // #nosec G204 -- the demo's own address
	if err := opener.Start(); err != nil {
		return err
	}
	go func() { _ = opener.Wait() }() // it may be the browser itself
	return nil
}
