package provider

import (
	"fmt"
	"io"
	"log/slog"
)

// Format writes no field whatever the verb, so that no verb shows the code or the verifier.
func (Grant) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "grant") }

// LogValue is what Format writes.
func (g Grant) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(g)) }

// Format writes no field whatever the verb, so that no verb shows the state or the verifier.
func (AuthorizationRequest) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "authorization request")
}

// LogValue is what Format writes.
func (r AuthorizationRequest) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(r)) }
