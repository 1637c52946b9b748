package keyfile

import (
	"fmt"
	"io"
	"log/slog"
)

// Format writes where the file is, whatever the verb, so that no verb shows its keys.
func (f *File) Format(to fmt.State, _ rune) { _, _ = io.WriteString(to, "keyfile("+f.path+")") }

// Format writes where the file is, whatever the verb, so that no verb shows the passphrase.
func (c Config) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "keyfile config("+c.Path+")") }

// LogValue is what Format writes.
func (c Config) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(c)) }
