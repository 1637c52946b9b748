// Package keys is the command waltz keys, for a program of one's own that has a client of a key
// management service too.
package keys

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"text/tabwriter"

	"github.com/urfave/cli/v3"

	"github.com/waltz-oauth/waltz/cmd/waltz/internal/sealing"
	"github.com/waltz-oauth/waltz/cmd/waltz/internal/storages"
	"github.com/waltz-oauth/waltz/storage/seal"
	"github.com/waltz-oauth/waltz/storage/seal/keyfile"
)

// Command looks after the keys of a seal. A program that registers a client with Tink's registry can
// give it the URI of a key that encrypts them.
func Command() *cli.Command {
	return &cli.Command{
		Name:  "keys",
		Usage: "look after the keys that seal tokens at rest",
		Description: "One key of the file seals, all open. To change the key that seals: keys add, wait a minute until every\n" +
			"process has it, keys promote, wait as long, keys rotate, keys retire. No key is ever printed.",
		Commands: []*cli.Command{
			{
				Name: "new", Usage: "make the file, with one key that seals", Flags: sealing.Flags(true),
				Action: onKeys(func(ctx context.Context, _ *cli.Command, f *keyfile.File) (string, error) {
					id, err := f.Create(ctx)
					return fmt.Sprintf("key %d seals", id), err
				}),
			},
			{
				Name: "add", Usage: "add a key that opens, and seals once it is promoted", Flags: sealing.Flags(true),
				Action: onKeys(func(ctx context.Context, _ *cli.Command, f *keyfile.File) (string, error) {
					id, err := f.Add(ctx)
					return fmt.Sprintf("key %d opens; promote it in a minute, when every process has it", id), err
				}),
			},
			{
				Name: "promote", Usage: "have a key seal from now on", ArgsUsage: "ID", Flags: sealing.Flags(true),
				Action: onKey(func(ctx context.Context, f *keyfile.File, id uint32, _ []*seal.Storage) (string, error) {
					return fmt.Sprintf("key %d seals; rotate in a minute, when every process seals with it", id), f.Promote(ctx, id)
				}),
			},
			{
				Name: "retire", Usage: "have a key that no token needs open no more", ArgsUsage: "ID", Flags: append(sealing.Flags(true), inStorages()),
				Action: onKey(func(ctx context.Context, f *keyfile.File, id uint32, all []*seal.Storage) (string, error) {
					return fmt.Sprintf("key %d is retired; it can be restored until it is deleted", id), f.Retire(ctx, id, all...)
				}),
			},
			{
				Name: "restore", Usage: "have a retired key open again", ArgsUsage: "ID", Flags: sealing.Flags(true),
				Action: onKey(func(ctx context.Context, f *keyfile.File, id uint32, _ []*seal.Storage) (string, error) {
					return fmt.Sprintf("key %d opens", id), f.Restore(ctx, id)
				}),
			},
			{
				Name: "delete", Usage: "remove a retired key for good", ArgsUsage: "ID",
				Flags: append(sealing.Flags(true), inStorages(), &cli.BoolFlag{Name: "yes", Usage: "it is meant: what only this key opens is lost, in backups too"}),
				Action: onKey(func(ctx context.Context, f *keyfile.File, id uint32, all []*seal.Storage) (string, error) {
					return fmt.Sprintf("key %d is gone", id), f.Delete(ctx, id, all...)
				}),
			},
			{
				Name: "list", Usage: "list the keys, none of which is shown", Action: listKeys,
				Flags: append(sealing.Flags(true), &cli.BoolFlag{Name: "json", Usage: "print JSON"}),
			},
			rotateCommand(),
		},
		Action: func(_ context.Context, c *cli.Command) error {
			if c.Args().Present() {
				return fmt.Errorf("keys has no command %q: keys --help lists them", c.Args().First())
			}
			return cli.ShowSubcommandHelp(c)
		},
	}
}

// inStorages are where tokens are looked for that a key has sealed.
func inStorages() cli.Flag {
	return &cli.StringSliceFlag{Name: "storage", Required: true, Usage: "`URL` of where tokens are that these keys seal; once for each: " + storages.Usage}
}

// onKeys does something with the file, and prints what it says.
func onKeys(do func(context.Context, *cli.Command, *keyfile.File) (string, error)) cli.ActionFunc {
	return func(ctx context.Context, c *cli.Command) error {
		if c.Args().Present() {
			return fmt.Errorf("%s takes no arguments, only flags: %q", c.Name, c.Args().First())
		}
		f, err := sealing.File(c)
		if err != nil {
			return err
		}
		said, err := do(ctx, c, f)
		if err == nil {
			fmt.Fprintln(c.Root().Writer, said)
		}
		return err
	}
}

// onKey does something with one key of the file.
func onKey(do func(context.Context, *keyfile.File, uint32, []*seal.Storage) (string, error)) cli.ActionFunc {
	return func(ctx context.Context, c *cli.Command) (err error) {
		id, err := strconv.ParseUint(c.Args().First(), 10, 32)
		if err != nil || c.Args().Len() != 1 {
			return fmt.Errorf("%s takes the id of one key: keys list has them", c.Name)
		}
		if c.Name == "delete" && !c.Bool("yes") {
			return errors.New("what only this key opens is lost then, in backups too: if that is meant, say --yes")
		}
		f, err := sealing.File(c)
		if err != nil {
			return err
		}
		var all []*seal.Storage
		for _, url := range c.StringSlice("storage") {
			s, closeStorage, err := sealing.Open(ctx, f, url, true)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, closeStorage()) }()
			all = append(all, s)
		}
		said, err := do(ctx, f, uint32(id), all)
		if err == nil {
			fmt.Fprintln(c.Root().Writer, said)
		}
		return err
	}
}

func listKeys(ctx context.Context, c *cli.Command) error {
	if c.Args().Present() {
		return fmt.Errorf("list takes no arguments, only flags: %q", c.Args().First())
	}
	f, err := sealing.File(c)
	if err != nil {
		return err
	}
	all, err := f.Keys(ctx)
	if err != nil {
		return err
	}
	type shown struct {
		ID    uint32 `json:"id"`
		Kind  string `json:"kind"`
		State string `json:"state"`
	}
	rows := make([]shown, 0, len(all))
	for _, k := range all {
		state := "opens"
		switch {
		case k.Primary:
			state = "seals"
		case k.Retired:
			state = "retired"
		}
		rows = append(rows, shown{k.ID, k.Kind, state})
	}
	if c.Bool("json") {
		e := json.NewEncoder(c.Root().Writer)
		e.SetIndent("", "  ")
		return e.Encode(rows)
	}
	w := tabwriter.NewWriter(c.Root().Writer, 0, 0, 2, ' ', 0)
	for _, r := range rows {
		fmt.Fprintf(w, "%d\t%s\t%s\n", r.ID, r.State, r.Kind)
	}
	return w.Flush()
}
