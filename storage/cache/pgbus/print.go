package pgbus

import (
	"fmt"
	"io"
	"log/slog"
)

// Format writes what b is, whatever the verb: fmt would go through what b holds, and show how it connects.
func (b *Bus) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "pgbus") }

// Format writes what c is, whatever the verb, so that no verb shows the password.
func (c Config) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "pgbus config") }

// LogValue is what Format writes.
func (c Config) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(c)) }
