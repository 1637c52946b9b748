package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/waltz-oauth/waltz/cmd/waltz/internal/sealing"
	"github.com/waltz-oauth/waltz/cmd/waltz/internal/storages"
	"github.com/waltz-oauth/waltz/cmd/waltz/internal/transfer"
	"github.com/waltz-oauth/waltz/flaskdance"
	"github.com/waltz-oauth/waltz/token"
)

func importCommand() *cli.Command {
	return &cli.Command{
		Name:  "import",
		Usage: "take tokens from a Flask-Dance table or from JSON lines into a storage",
		Description: "What is in the storage already is left alone, so an import that was stopped goes on when it is started\n" +
			"again. What cannot be taken is listed, left where it is, and makes the exit status 1. No token is printed.",
		Flags: append(append(storageFlags(),
			&cli.StringFlag{Name: "from", Required: true, Usage: "`FILE` of JSON lines, - for the standard input, or a table: " + transfer.FlaskDanceUsage},
			&cli.BoolFlag{Name: "site", Usage: "take tokens that belong to no user too, as the site's own"},
			&cli.BoolFlag{Name: "overwrite", Usage: "replace what is in the storage"},
			&cli.BoolFlag{Name: "dry-run", Usage: "write nothing"},
		), columnFlags()...),
		Action: runImport,
	}
}

func exportCommand() *cli.Command {
	return &cli.Command{
		Name:  "export",
		Usage: "write the tokens of a storage into a file of JSON lines, in the clear",
		Description: "The file can be read by you alone and is complete once it is there. Whoever gets it is whoever the tokens\n" +
			"belong to: delete it when it has served.",
		Flags: append(append(storageFlags(),
			&cli.StringFlag{Name: "to", Required: true, Usage: "`FILE` to make, or - for the standard output"},
			&cli.BoolFlag{Name: "terminal", Usage: "print tokens even to a terminal"},
		), columnFlags()...),
		Action: runExport,
	}
}

func storageFlags() []cli.Flag {
	return append([]cli.Flag{
		&cli.StringFlag{Name: "storage", Required: true, Sources: cli.EnvVars("WALTZ_STORAGE"), Usage: "`URL` of the storage, or WALTZ_STORAGE in the environment: " + storages.Usage + "; or a table: " + transfer.FlaskDanceUsage},
	}, sealing.Flags(false)...)
}

func columnFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "table", Usage: "`NAME` of the Flask-Dance table, unless it is flask_dance_oauth"},
		&cli.StringFlag{Name: "user-column", Usage: "`NAME` of its column for the user, unless it is user_id"},
		&cli.StringFlag{Name: "account-column", Usage: "`NAME` of its column for the account, which Flask-Dance has not"},
	}
}

func tableConfig(c *cli.Command) flaskdance.TableConfig {
	return flaskdance.TableConfig{Table: c.String("table"), User: c.String("user-column"), Account: c.String("account-column")}
}

// checkColumns refuses the flags of a Flask-Dance table where none of names is one.
func checkColumns(c *cli.Command, names ...string) error {
	if slices.ContainsFunc(names, transfer.IsFlaskDance) {
		return nil
	}
	for _, f := range columnFlags() {
		if name := f.Names()[0]; c.IsSet(name) {
			return fmt.Errorf("--%s is set, and there is no Flask-Dance table: its URL begins with flask-dance+", name)
		}
	}
	return nil
}

// openStorage opens what --storage names, behind a seal where --keys says so.
func openStorage(ctx context.Context, c *cli.Command) (token.Storage, func() error, error) {
	name := c.String("storage")
	switch {
	case transfer.IsFlaskDance(name) && c.String("keys") != "":
		return nil, nil, errors.New("Flask-Dance could not read a token that --keys has sealed")
	case transfer.IsFlaskDance(name):
		return transfer.OpenFlaskDance(name, tableConfig(c))
	case c.String("keys") != "":
		keys, err := sealing.File(c)
		if err != nil {
			return nil, nil, err
		}
		return sealing.Open(ctx, keys, name, false)
	}
	s, closeStorage, err := storages.Open(name) //nolint:contextcheck // it does not wait for long
	if err == nil && s == nil {
		err = fmt.Errorf("storage %q keeps nothing on this side of the browser", name)
	}
	return s, closeStorage, err
}

func runImport(ctx context.Context, c *cli.Command) (err error) {
	if c.Args().Present() {
		return fmt.Errorf("import takes no arguments, only flags: %q", c.Args().First())
	}
	if err := checkColumns(c, c.String("storage"), c.String("from")); err != nil {
		return err
	}
	to, closeTo, err := openStorage(ctx, c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeTo()) }()
	from, total, closeFrom, err := openSource(ctx, c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeFrom()) }()
	o := transfer.Options{Site: c.Bool("site"), Overwrite: c.Bool("overwrite"), DryRun: c.Bool("dry-run")}
	report(c, &o, total)
	n, err := transfer.Into(ctx, to, from, o)
	if err != nil {
		return fmt.Errorf("stopped after %v; run it again to go on: %w", n, err)
	}
	return ended(c, n, o.DryRun)
}

func openSource(ctx context.Context, c *cli.Command) (from transfer.Source, total int, closing func() error, err error) {
	name := c.String("from")
	switch {
	case transfer.IsFlaskDance(name):
		t, closing, err := transfer.OpenFlaskDance(name, tableConfig(c))
		if err != nil {
			return nil, 0, nil, err
		}
		if from, total, err = transfer.Rows(ctx, t); err != nil {
			return nil, 0, nil, errors.Join(err, closing())
		}
		return from, total, closing, nil
	case name == "-":
		return transfer.Lines(c.Root().Reader), 0, func() error { return nil }, nil
	}
	f, err := os.Open(name) //nolint:gosec // the person says which file
	if err != nil {
		return nil, 0, nil, err
	}
	return transfer.Lines(f), 0, f.Close, nil
}

func runExport(ctx context.Context, c *cli.Command) (err error) {
	if c.Args().Present() {
		return fmt.Errorf("export takes no arguments, only flags: %q", c.Args().First())
	}
	if err := checkColumns(c, c.String("storage")); err != nil {
		return err
	}
	s, closeStorage, err := openStorage(ctx, c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeStorage()) }()
	from, err := transfer.Stored(ctx, s)
	if err != nil {
		return err
	}
	var o transfer.Options
	report(c, &o, 0)
	write := func(w io.Writer) (n transfer.Counts, err error) { return transfer.Write(w, from, o) }

	name, out := c.String("to"), c.Root().Writer
	if name == "-" {
		if isTerminal(out) && !c.Bool("terminal") {
			return errors.New("tokens would be on the screen, and in what it remembers: name a file, or say --terminal")
		}
		n, err := write(out)
		if err != nil {
			return err
		}
		c.Root().Writer = c.Root().ErrWriter // where counts are not among the lines
		return ended(c, n, false)
	}
	n, err := toFile(name, write)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.Root().ErrWriter, "%s has %d tokens in the clear, and you alone can read it\n", name, n.Taken)
	return ended(c, n, false)
}

// toFile makes the file called name, which must not be there, once it is written whole.
func toFile(name string, write func(io.Writer) (transfer.Counts, error)) (n transfer.Counts, err error) {
	if _, err := os.Lstat(name); err == nil {
		return n, fmt.Errorf("%s is there already", name)
	}
	f, err := os.CreateTemp(filepath.Dir(name), ".waltz-export-*") // 0600
	if err != nil {
		return n, err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	n, err = write(f)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return n, err
	}
	return n, os.Rename(f.Name(), name)
}

// report has what is refused listed, and now and then how far it is, where results do not go.
func report(c *cli.Command, o *transfer.Options, total int) {
	w := c.Root().ErrWriter
	o.Refused = func(item transfer.Item) {
		if item.Key == (token.Key{}) {
			fmt.Fprintf(w, "%s: not taken: %v\n", item.Where, item.Err)
			return
		}
		fmt.Fprintf(w, "%s, %s: not taken: %v\n", item.Where, item.Key, item.Err)
	}
	const every = 2 * time.Second
	last := time.Now()
	o.Done = func(n transfer.Counts) {
		if time.Since(last) < every {
			return
		}
		last = time.Now()
		if total > 0 {
			fmt.Fprintf(w, "%d of %d\n", n.Read, total)
		} else {
			fmt.Fprintln(w, n.Read)
		}
	}
}

// ended prints the counts, and fails where something was refused.
func ended(c *cli.Command, n transfer.Counts, dry bool) error {
	if dry {
		fmt.Fprintf(c.Root().Writer, "%v; nothing was written\n", n)
	} else {
		fmt.Fprintln(c.Root().Writer, n)
	}
	if n.Refused > 0 {
		return fmt.Errorf("%d could not be taken, and are where they were", n.Refused)
	}
	return nil
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
