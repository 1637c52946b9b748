package waltz

import (
	"fmt"
	"io"
	"log/slog"
)

// Format writes where the application is, whatever the verb, so that no verb shows a secret.
func (c Config) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "config(%s)", c.BaseURL) // fmt drops the error too
}

// LogValue is what Format writes.
func (c Config) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(c)) }

// Format writes names, whatever the verb, so that no verb shows the client's secret.
func (r Registration) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "registration(%s)", r.name())
}

// LogValue is what Format writes.
func (r Registration) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(r)) }

// Format writes where the application is, whatever the verb, so that no verb shows a secret.
func (a *App) Format(f fmt.State, _ rune) { _, _ = fmt.Fprintf(f, "app(%s)", a.config.BaseURL) }

// Format writes the consumer's name, whatever the verb, so that no verb shows the client's secret.
func (c *Consumer) Format(f fmt.State, _ rune) { _, _ = fmt.Fprintf(f, "consumer(%s)", c.name) }

// Format writes whose the token is, whatever the verb, so that no verb shows the token.
func (a Authorization) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "authorization(user %q, account %q)", a.User, a.Account)
}

// LogValue is what Format writes.
func (a Authorization) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(a)) }

// What a Client and a TokenSource are made of holds the consumer, whose secret fmt would find there.

func (t *transport) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "transport") }

func (s tokenSource) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "token source") }
