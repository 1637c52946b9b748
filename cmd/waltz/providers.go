package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v3"

	"github.com/waltz-oauth/waltz/provider"
)

func providersCommand() *cli.Command {
	asJSON := &cli.BoolFlag{Name: "json", Usage: "print JSON"}
	return &cli.Command{
		Name:  "providers",
		Usage: "list the providers that are known, or show one",
		Flags: []cli.Flag{asJSON},
		Description: "Each is a function of package provider. Where it says so it wants to know something, such as the\n" +
			"host of a server that anyone can run.",
		Action: listProviders,
		Commands: []*cli.Command{{
			Name:      "show",
			Usage:     "print what is known of one, and the variables that its client id and secret come from",
			ArgsUsage: "NAME",
			Flags: []cli.Flag{
				&cli.StringMapFlag{Name: "set", Usage: "what the provider wants to know, as `PARAM=VALUE`"},
				asJSON,
			},
			Action: showProvider,
		}},
	}
}

// listed is a row of the list.
type listed struct {
	Name        string   `json:"name"`
	DisplayName string   `json:"display_name"`
	Params      []string `json:"params,omitempty"`
}

func listProviders(_ context.Context, c *cli.Command) error {
	if c.Args().Present() {
		return fmt.Errorf("providers has no command %q: to see one provider, waltz providers show %[1]s", c.Args().First())
	}
	var all []listed
	for _, p := range provider.Presets() {
		all = append(all, listed{p.Name, p.New(make([]string, len(p.Params))).DisplayName, p.Params})
	}
	if c.Bool("json") {
		return printJSON(c.Root().Writer, all)
	}
	w := tabwriter.NewWriter(c.Root().Writer, 0, 0, 2, ' ', 0)
	for _, p := range all {
		row := p.Name + "\t" + p.DisplayName
		if len(p.Params) > 0 {
			row += "\twants " + strings.Join(p.Params, ", ")
		}
		fmt.Fprintln(w, row)
	}
	return w.Flush()
}

func showProvider(_ context.Context, c *cli.Command) error {
	const wanted = "waltz providers lists them"
	name := c.Args().First()
	if c.Args().Len() != 1 {
		return fmt.Errorf("show takes the name of one provider: %s", wanted)
	}
	all := provider.Presets()
	i := slices.IndexFunc(all, func(p provider.Preset) bool { return p.Name == name })
	if i < 0 {
		return fmt.Errorf("no provider is called %q: %s", name, wanted)
	}
	p, err := made(all[i], c.StringMap("set"))
	if err != nil {
		return err
	}
	prefix := strings.ToUpper(strings.ReplaceAll(p.Name, "-", "_")) + "_OAUTH_CLIENT_"
	if c.Bool("json") {
		return printJSON(c.Root().Writer, map[string]any{"provider": p, "variables": []string{prefix + "ID", prefix + "SECRET"}})
	}
	w := tabwriter.NewWriter(c.Root().Writer, 0, 0, 2, ' ', 0)
	fields(w, "", reflect.ValueOf(p))
	fmt.Fprintf(w, "variables\t%sID, %[1]sSECRET\n", prefix)
	return w.Flush()
}

// made is the preset with what it wants to know; what was not given is shown by its name in capitals.
func made(p provider.Preset, given map[string]string) (provider.Provider, error) {
	params := make([]string, len(p.Params))
	for i, name := range p.Params {
		params[i] = strings.ToUpper(name)
		if name == "base" {
			params[i] = "https://BASE"
		}
		if v, ok := given[name]; ok {
			params[i] = v
			delete(given, name)
		}
	}
	for name := range given {
		return provider.Provider{}, fmt.Errorf("%s wants to know nothing called %q: want %s", p.Name, name, strings.Join(p.Params, ", "))
	}
	v := p.New(params)
	return v, v.Validate()
}

// fields prints what is set of a provider, in the order of its fields.
func fields(w io.Writer, before string, v reflect.Value) {
	for i := range v.NumField() {
		name, f := before+v.Type().Field(i).Name, v.Field(i)
		switch {
		case f.IsZero():
		case f.Kind() == reflect.Struct:
			fields(w, name+".", f)
		default:
			fmt.Fprintf(w, "%s\t%v\n", name, f.Interface())
		}
	}
}

func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// printLine prints JSON in one line.
func printLine(w io.Writer, v any) error { return json.NewEncoder(w).Encode(v) }
