package waltz_test

import (
	"context"
	"fmt"
	"net"
	"os"

	"github.com/waltz-oauth/waltz"
	"github.com/waltz-oauth/waltz/provider"
)

// A command logs the person in with their browser, which comes back to a loopback port.
func ExampleConsumer_LoginLoopback() {
	var github *waltz.Consumer
	login := func(ctx context.Context) error {
		l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		return github.LoginLoopback(waltz.WithUser(ctx, "me"), l, func(address string) error {
			fmt.Fprintln(os.Stderr, "log in at", address)
			return nil
		})
	}
	_ = login
	// Output:
}

// A device without a browser shows a code, which the person types in elsewhere.
func ExampleConsumer_LoginDevice() {
	var github *waltz.Consumer
	login := func(ctx context.Context) error {
		return github.LoginDevice(ctx, func(d provider.Device) error {
			fmt.Printf("type %s in at %s\n", d.UserCode, d.VerificationURL)
			return nil
		})
	}
	_ = login
	// Output:
}

// A service has a token of its own: nobody logs in.
func ExampleRegistration_machine() {
	invoices := func(ctx context.Context, app *waltz.App) error {
		billing, err := app.Register(waltz.Registration{
			Provider: provider.Provider{Name: "billing", TokenURL: "https://login.example/token", APIBase: "https://billing.example/"},
			Machine:  true,
			Scopes:   []string{"invoices"},
		})
		if err != nil {
			return err
		}
		resp, err := billing.Client(ctx).Get("invoices")
		if err != nil {
			return err
		}
		return resp.Body.Close()
	}
	_ = invoices
	// Output:
}
