package waltz

import "fmt"

// Format writes where the application is, whatever the verb, so that no verb shows a secret.
func (c Config) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "config(%s)", c.BaseURL) // fmt drops the error too
}

// Format writes names, whatever the verb, so that no verb shows the client's secret.
func (r Registration) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "registration(%s)", r.name())
}

// Format writes where the application is, whatever the verb, so that no verb shows a secret.
func (a *App) Format(f fmt.State, _ rune) { _, _ = fmt.Fprintf(f, "app(%s)", a.config.BaseURL) }

// Format writes the consumer's name, whatever the verb, so that no verb shows the client's secret.
func (c *Consumer) Format(f fmt.State, _ rune) { _, _ = fmt.Fprintf(f, "consumer(%s)", c.name) }
