// Command waltz shows what the waltz library does, and looks after its tokens.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/urfave/cli/v3"

	"github.com/waltz-oauth/waltz/cmd/waltz/keys"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	c := command()
	terse(c)
	err := c.Run(ctx, os.Args)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "waltz:", err)
		os.Exit(1)
	}
}

// terse has c and the commands below it say in one line what is wrong with how they were called.
func terse(c *cli.Command) {
	c.OnUsageError = func(_ context.Context, c *cli.Command, err error, _ bool) error {
		return fmt.Errorf("%w: %s --help lists what it takes", err, c.FullName())
	}
	for _, sub := range c.Commands {
		terse(sub)
	}
}

func command() *cli.Command {
	return &cli.Command{
		Name:                  "waltz",
		Usage:                 "OAuth tokens for Go web applications",
		EnableShellCompletion: true,
		Suggest:               true,
		Commands:              []*cli.Command{demoCommand(), migrateCommand(), importCommand(), exportCommand(), keys.Command(), providersCommand(), loginCommand(), tokenCommand(), tokensCommand()},
		Action: func(_ context.Context, c *cli.Command) error {
			if name := c.Args().First(); name != "" {
				return fmt.Errorf("no command is called %q: waltz --help lists them", name)
			}
			return cli.ShowAppHelp(c)
		},
	}
}
