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

// Format writes [Token.String] whatever the verb, so that no verb shows a secret.
func (t Token) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, t.String()) // fmt drops the error too
}

// LogValue returns [Token.String]. A logger that marshals values to JSON and knows nothing of
// [slog.LogValuer] would write the stored form instead: hand it String.
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
