package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/urfave/cli/v3"

	"github.com/waltz-oauth/waltz/cmd/waltz/internal/storages"
	"github.com/waltz-oauth/waltz/storage/sqlstore"
)

func migrateCommand() *cli.Command {
	return &cli.Command{
		Name:  "migrate",
		Usage: "make the table that an SQL database keeps tokens in, or bring it up to date; or make a bucket of NATS",
		Description: "Where it is as it should be nothing changes, and several may do this at once. What is in it stays.\n" +
			"With --print nothing is done: what would be done to an empty database is printed as SQL.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "storage", Required: true, Usage: "`URL` of the database: " + storages.DatabaseUsage + ", or " + storages.BucketUsage},
			&cli.StringFlag{Name: "table", Value: "waltz_tokens", Usage: "`NAME` of the table"},
			&cli.BoolFlag{Name: "print", Usage: "print the SQL, for those who run it by hand"},
			&cli.IntFlag{Name: "replicas", Value: 1, Usage: "on how many servers of a NATS cluster a new bucket is kept"},
		},
		Action: runMigrate,
	}
}

func runMigrate(ctx context.Context, c *cli.Command) (err error) {
	if c.Args().Present() {
		return fmt.Errorf("migrate takes no arguments, only flags: %q", c.Args().First())
	}
	name, table, out := c.String("storage"), c.String("table"), c.Root().Writer
	if storages.IsBucket(name) {
		return makeBucket(ctx, c, name)
	}
	dialect, open, err := storages.Database(name)
	if err != nil {
		return err
	}
	config := sqlstore.Config{Dialect: dialect, Table: table}
	if c.Bool("print") {
		s, err := sqlstore.New(new(sql.DB), config) // which nobody asks
		if err != nil {
			return err
		}
		text, err := s.SQL() //nolint:contextcheck // nothing is waited for
		fmt.Fprint(out, text)
		return err
	}
	db, err := open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	s, err := sqlstore.New(db, config)
	if err != nil {
		return err
	}
	where := "table " + table + " in " + storages.Shown(name)
	switch err := s.Check(ctx); {
	case err == nil:
		fmt.Fprintln(out, where, "is up to date: nothing was done")
		return nil
	case !errors.Is(err, sqlstore.ErrNoSchema):
		return err
	}
	fmt.Fprintln(c.Root().ErrWriter, "migrating", where)
	if err := s.Migrate(ctx); err != nil {
		return err
	}
	fmt.Fprintln(out, where, "is up to date now")
	return nil
}

func makeBucket(ctx context.Context, c *cli.Command, name string) error {
	if c.IsSet("table") || c.Bool("print") {
		return errors.New("a bucket has no table and no SQL")
	}
	if err := storages.MakeBucket(ctx, name, c.Int("replicas")); err != nil {
		return err
	}
	fmt.Fprintln(c.Root().Writer, "bucket", storages.Shown(name), "is there, as it should be")
	return nil
}
