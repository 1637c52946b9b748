package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/waltz-oauth/waltz"
	"github.com/waltz-oauth/waltz/token"
)

func tokensCommand() *cli.Command {
	whose := func() []cli.Flag {
		return append(storageFlags(),
			&cli.StringFlag{Name: "user", Usage: "whose token it is, the application's `ID` of the user; without it, the site's own"},
			&cli.StringFlag{Name: "account", Usage: "which of the user's accounts, the provider's `ID` of it; without it, the only one"},
		)
	}
	asJSON := &cli.BoolFlag{Name: "json", Usage: "print JSON"}
	return &cli.Command{
		Name:        "tokens",
		Usage:       "look after the tokens of a storage",
		Description: "No token is printed. Health is that of the connection: active, in doubt, or reauthorize, where only a login helps.",
		Commands: []*cli.Command{
			{
				Name: "list", Usage: "list whose tokens there are, and their health", Action: listTokens,
				Flags: append(storageFlags(), asJSON,
					&cli.StringFlag{Name: "provider", Usage: "only those of the provider called `NAME`"},
					&cli.StringFlag{Name: "user", Usage: "only those of the user with that `ID`"},
					&cli.BoolFlag{Name: "due", Usage: "only those that are to be refreshed by now"}),
			},
			{
				Name: "show", Usage: "show what is known of one", ArgsUsage: "PROVIDER", Flags: append(whose(), asJSON),
				Action: onToken(showToken),
			},
			{
				Name: "delete", Usage: "delete one here; it lives on at the provider, so rather revoke it", ArgsUsage: "PROVIDER",
				Flags:  append(whose(), &cli.BoolFlag{Name: "yes", Usage: "it is meant"}),
				Action: onToken(deleteToken),
			},
			{
				Name: "revoke", Usage: "end one at the provider, and delete it", ArgsUsage: "NAME",
				Flags:  append(consumerFlags(), &cli.BoolFlag{Name: "yes", Usage: "it is meant"}),
				Action: withConsumer(revokeToken),
			},
			{
				Name: "refresh", Usage: "refresh one, if it is due", ArgsUsage: "NAME", Flags: consumerFlags(),
				Action: withConsumer(refreshToken),
			},
		},
		Action: func(_ context.Context, c *cli.Command) error {
			if c.Args().Present() {
				return fmt.Errorf("tokens has no command %q: tokens --help lists them", c.Args().First())
			}
			return cli.ShowSubcommandHelp(c)
		},
	}
}

// row is what is printed of a token.
type row struct {
	Provider   string     `json:"provider"`
	User       string     `json:"user,omitempty"`
	Account    string     `json:"account,omitempty"`
	Subject    string     `json:"subject,omitempty"`
	Health     string     `json:"health"`
	Reason     string     `json:"reason,omitempty"`
	Since      time.Time  `json:"since"`
	RefreshAt  *time.Time `json:"refresh_at,omitempty"`
	Generation uint64     `json:"generation"`
}

func rowOf(key token.Key, r token.Record) row {
	out := row{
		Provider: key.Provider, User: key.User, Account: key.Account, Subject: r.Subject,
		Health: r.State.String(), Reason: r.Reason, Since: r.Since, Generation: r.Generation,
	}
	if !r.RefreshAt.IsZero() {
		out.RefreshAt = &r.RefreshAt
	}
	return out
}

func listTokens(ctx context.Context, c *cli.Command) (err error) {
	if c.Args().Present() {
		return fmt.Errorf("list takes no arguments, only flags: %q", c.Args().First())
	}
	s, closeStorage, err := openStorage(ctx, c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeStorage()) }()
	lister, ok := token.As[token.Lister](s)
	if !ok {
		return errors.New("this storage cannot be walked")
	}
	f := token.Filter{Provider: c.String("provider"), User: c.String("user")}
	if c.Bool("due") {
		f.Due = time.Now()
	}
	out := c.Root().Writer
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	n := 0
	for e, err := range lister.List(ctx, f) {
		if err != nil {
			return errors.Join(err, w.Flush())
		}
		r := rowOf(e.Key, e.Record)
		if c.Bool("json") { // a line each, however many there are
			if err := printLine(out, r); err != nil {
				return err
			}
			continue
		}
		if n++; n == 1 {
			fmt.Fprintln(w, "PROVIDER\tUSER\tACCOUNT\tHEALTH\tSINCE\tREFRESH AT")
		}
		refresh := "-"
		if r.RefreshAt != nil {
			refresh = r.RefreshAt.Format(time.RFC3339)
		}
		health := r.Health
		if r.Reason != "" {
			health += " (" + r.Reason + ")"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", shown(r.Provider), shown(r.User), shown(r.Account), health, r.Since.Format(time.RFC3339), refresh)
	}
	return w.Flush()
}

// shown is a part of a key in one column, whatever its bytes.
func shown(part string) string {
	if part == "" {
		return "-"
	}
	if printable(part) != part || strings.ContainsAny(part, " \t") {
		return fmt.Sprintf("%q", part)
	}
	return part
}

// onToken does something with the one token that the flags name.
func onToken(do func(context.Context, *cli.Command, token.Storage, token.Key) error) cli.ActionFunc {
	return func(ctx context.Context, c *cli.Command) (err error) {
		if c.Args().Len() != 1 {
			return fmt.Errorf("%s takes the name of one provider: tokens list has them", c.Name)
		}
		s, closeStorage, err := openStorage(ctx, c)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, closeStorage()) }()
		key := token.Key{Provider: c.Args().First(), User: c.String("user"), Account: c.String("account")}
		if err := do(ctx, c, s, key); errors.Is(err, token.ErrNotFound) {
			return fmt.Errorf("%s has no token there: tokens list says who has", key)
		} else if err != nil {
			return err
		}
		return nil
	}
}

func showToken(ctx context.Context, c *cli.Command, s token.Storage, key token.Key) error {
	r, err := s.Get(ctx, key)
	if err != nil {
		return err
	}
	known := struct {
		row
		Type       string     `json:"type,omitempty"`
		Scopes     []string   `json:"scopes,omitempty"`
		Expiry     *time.Time `json:"expiry,omitempty"`
		Refreshes  bool       `json:"has_refresh_token"`
		NotBefore  *time.Time `json:"not_before,omitempty"`
		Refreshing bool       `json:"is_being_refreshed"`
	}{row: rowOf(key, r), Refreshing: r.Lease.Attempt != ""}
	if t := r.Token; t != nil {
		known.Type, known.Scopes, known.Refreshes = t.TokenType, t.Scopes, t.RefreshToken != ""
		if !t.Expiry.IsZero() {
			known.Expiry = &t.Expiry
		}
	}
	if !r.NotBefore.IsZero() {
		known.NotBefore = &r.NotBefore
	}
	if c.Bool("json") {
		return printJSON(c.Root().Writer, known)
	}
	w := tabwriter.NewWriter(c.Root().Writer, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "token\t%s\nhealth\t%s %s\nsince\t%s\n", key, r.State, r.Reason, r.Since.Format(time.RFC3339))
	if r.Subject != "" {
		fmt.Fprintf(w, "account\t%s\n", shown(r.Subject))
	}
	fmt.Fprintf(w, "type\t%s\nscopes\t%s\n", shown(known.Type), shown(strings.Join(known.Scopes, ", ")))
	times := map[string]*time.Time{"expires": known.Expiry, "refresh at": known.RefreshAt, "not before": known.NotBefore}
	for _, name := range slices.Sorted(maps.Keys(times)) {
		if at := times[name]; at != nil {
			fmt.Fprintf(w, "%s\t%s\n", name, at.Format(time.RFC3339))
		}
	}
	fmt.Fprintf(w, "refreshed\t%d times\n", r.Generation)
	return w.Flush()
}

func deleteToken(ctx context.Context, c *cli.Command, s token.Storage, key token.Key) error {
	if _, err := s.Get(ctx, key); err != nil {
		return err
	}
	if err := meant(c, fmt.Sprintf("the token of %s is deleted here, and lives on at the provider", key)); err != nil {
		return err
	}
	if err := s.Delete(ctx, key); err != nil {
		return err
	}
	fmt.Fprintln(c.Root().ErrWriter, "the token of", key, "is deleted")
	return nil
}

func revokeToken(ctx context.Context, c *cli.Command, consumer *waltz.Consumer) error {
	if _, err := consumer.Record(ctx); err != nil {
		return err
	}
	if err := meant(c, "the grant at "+consumer.Name()+" is ended, and its token deleted"); err != nil {
		return err
	}
	if err := consumer.Disconnect(ctx); err != nil {
		return err
	}
	fmt.Fprintln(c.Root().ErrWriter, "the grant at", consumer.Name(), "has ended")
	return nil
}

func refreshToken(ctx context.Context, c *cli.Command, consumer *waltz.Consumer) error {
	before, err := consumer.Record(ctx)
	if err != nil {
		return err
	}
	if _, err := consumer.Token(ctx); err != nil {
		return err
	}
	after, err := consumer.Record(ctx)
	if err != nil {
		return err
	}
	said := "the token is fresh: it was not due"
	if after.Generation != before.Generation {
		said = "the token was refreshed"
	}
	if e := after.Token.Expiry; !e.IsZero() {
		said += ", and is good until " + e.Format(time.RFC3339)
	}
	fmt.Fprintln(c.Root().ErrWriter, said)
	return nil
}

// meant asks the person, unless --yes has said it.
func meant(c *cli.Command, what string) error {
	if c.Bool("yes") {
		return nil
	}
	fmt.Fprintf(c.Root().ErrWriter, "%s. Type yes if that is meant: ", what)
	answer, err := bufio.NewReader(c.Root().Reader).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if strings.TrimSpace(answer) != "yes" {
		return errors.New("nothing was done: say yes, or --yes")
	}
	return nil
}
