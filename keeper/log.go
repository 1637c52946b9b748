package keeper

import (
	"context"
	"log/slog"

	"github.com/waltz-oauth/waltz/token"
)

// log writes one line about the record at key. Its keys are those of a [token.Key] and of the
// record's own, and nothing in it is secret.
func (k *Keeper) log(ctx context.Context, level slog.Level, message string, key token.Key, r token.Record, more ...slog.Attr) {
	attrs := []slog.Attr{
		slog.String("provider", key.Provider),
		slog.String("user", key.User),
		slog.String("account", key.Account),
		slog.Uint64("generation", r.Generation),
		slog.String("state", r.State.String()),
	}
	k.c.logger().LogAttrs(ctx, level, message, append(attrs, more...)...)
}
