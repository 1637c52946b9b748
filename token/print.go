package token

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"
)

// String returns the token without its secrets.
func (t Token) String() string {
	var b strings.Builder
	b.WriteString("token(")
	if t.TokenType != "" {
		fmt.Fprintf(&b, "%.20q ", t.TokenType)
	}
	b.WriteString(last4(t.AccessToken))
	if t.RefreshToken != "" {
		b.WriteString(", refreshable")
	}
	if !t.Expiry.IsZero() {
		b.WriteString(", expires " + t.Expiry.UTC().Format(time.RFC3339))
	}
	return b.String() + ")"
}

// Format writes [Token.String] whatever the verb, so that no verb shows a secret. Two things fmt
// prints without asking: the unexported fields of other types, where a Token shows all and a pointer
// to one does too unless the verb is %v, and what a verb cannot print at all (%p of a value, %w
// outside [fmt.Errorf]), which go vet finds. A [*Record] is safe in the first.
func (t Token) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, t.String()) // fmt drops the error too
}

// LogValue returns [Token.String]. Whatever marshals to JSON instead shows every secret: loggers that
// know nothing of [slog.LogValuer], and [slog.JSONHandler] where the token is inside a slice, a map
// or a struct. Hand those String.
func (t Token) LogValue() slog.Value { return slog.StringValue(t.String()) }

// last4 shows the end of a secret that is long enough for four characters to give nothing away.
func last4(secret string) string {
	const enough = 20
	switch {
	case secret == "":
		return "empty"
	case len(secret) < enough:
		return "…"
	default:
		return fmt.Sprintf("…%q", secret[len(secret)-4:])
	}
}
