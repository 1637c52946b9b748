package sessionstore

import (
	"fmt"
	"io"
	"log/slog"
)

// Format writes what s is, whatever the verb: fmt would go through what s holds, and show keys.
func (s *Storage) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "sessionstore") }

// Format writes what c is, whatever the verb, so that no verb shows the secrets.
func (c Config) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "sessionstore config") }

// LogValue is what Format writes.
func (c Config) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(c)) }
