package storagetest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/waltz-oauth/waltz/storage/memstore"
	"github.com/waltz-oauth/waltz/token"
)

// breakage is a storage and the promise that it breaks.
type breakage struct {
	promise, how string
	open         func() token.Storage
}

// breakages are mistakes that somebody could make, at least one for each promise.
func breakages() []breakage {
	all := []breakage{
		{"round trip/minimal", "adds a default", losing(func(r *token.Record) {
			r.Token, _ = r.Token.With("token_type", "bearer")
		})},
		{"round trip/every field", "keeps whole seconds", losing(func(r *token.Record) {
			t := *r.Token
			t.Expiry = t.Expiry.Truncate(time.Second)
			r.Token = &t
		})},
		{"round trip/OAuth 1", "has no column for the secret", losing(func(r *token.Record) {
			t := *r.Token
			t.Secret = ""
			r.Token = &t
		})},
		{"round trip/extras", "keeps the fields", losing(func(r *token.Record) {
			r.Token, _ = token.FromOAuth2(r.Token.OAuth2())
		})},
		{"round trip/numbers", "reads numbers as float64", losing(func(r *token.Record) {
			var v map[string]any
			b, _ := json.Marshal(r.Token)
			_ = json.Unmarshal(b, &v)
			b, _ = json.Marshal(v)
			r.Token = new(token.Token)
			_ = json.Unmarshal(b, r.Token)
		})},
		{"round trip/text", "drops what is no text to it", losing(func(r *token.Record) {
			b, _ := json.Marshal(r.Token)
			r.Token = new(token.Token)
			_ = json.Unmarshal(bytes.ReplaceAll(b, []byte(`\u0000`), nil), r.Token)
		})},
		{"round trip/60 kB", "deletes, and then refuses", with(func(b *broken) {
			b.set = func(ctx context.Context, key token.Key, r token.Record) error {
				if j, _ := r.Token.MarshalJSON(); len(j) > 4000 {
					return errors.Join(b.Storage.Delete(ctx, key), token.ErrTooLarge)
				}
				return b.Storage.Set(ctx, key, r)
			}
		})},
		{"round trip/record", "counts in float64", losing(func(r *token.Record) { r.Generation = uint64(float64(r.Generation)) & (1<<53 - 1) })},
		{"round trip/record", "has no lease", losing(func(r *token.Record) { r.Lease = token.Lease{} })},
		{"round trip/record", "keeps milliseconds", losing(func(r *token.Record) { r.NotBefore = r.NotBefore.Truncate(time.Millisecond) })},
		{"absence", "returns nothing and no error", with(func(b *broken) {
			b.get = func(ctx context.Context, key token.Key) (token.Record, error) {
				r, err := b.Storage.Get(ctx, key)
				if errors.Is(err, token.ErrNotFound) {
					err = nil
				}
				return r, err
			}
		})},
		{"absence", "says so in its own words", with(func(b *broken) {
			b.get = func(ctx context.Context, key token.Key) (token.Record, error) {
				r, err := b.Storage.Get(ctx, key)
				if err != nil {
					err = errors.New(err.Error())
				}
				return r, err
			}
		})},
		{"delete", "wants something to delete", with(func(b *broken) {
			b.del = func(ctx context.Context, key token.Key) error {
				_, err := b.Storage.Get(ctx, key)
				return errors.Join(err, b.Storage.Delete(ctx, key))
			}
		})},
		{"delete", "deletes nothing", with(func(b *broken) {
			b.del = func(context.Context, token.Key) error { return nil }
		})},
		{"replace", "deletes and sets", with(func(b *broken) {
			b.set = func(ctx context.Context, key token.Key, r token.Record) error {
				err := b.Storage.Delete(ctx, key)
				time.Sleep(time.Millisecond)
				return errors.Join(err, b.Storage.Set(ctx, key, r))
			}
		})},
		{"replace", "leaves columns as they were", with(func(b *broken) {
			b.set = func(ctx context.Context, key token.Key, r token.Record) error {
				if old, err := b.Storage.Get(ctx, key); err == nil && r.Reason == "" {
					r.Reason = old.Reason
				}
				return b.Storage.Set(ctx, key, r)
			}
		})},
		{"aliasing", "writes into the token that it has", with(func(b *broken) {
			b.set = func(ctx context.Context, key token.Key, r token.Record) error {
				if old, err := b.Storage.Get(ctx, key); err == nil {
					*old.Token = *r.Token
					r.Token = old.Token
				}
				return b.Storage.Set(ctx, key, r)
			}
		})},
		{"cancellation", "sets all the same", with(func(b *broken) {
			b.set = func(ctx context.Context, key token.Key, r token.Record) error {
				return errors.Join(ctx.Err(), b.Storage.Set(context.WithoutCancel(ctx), key, r))
			}
		})},
		{"cancellation", "takes no notice", with(func(b *broken) {
			b.get = func(ctx context.Context, key token.Key) (token.Record, error) {
				return b.Storage.Get(context.WithoutCancel(ctx), key)
			}
		})},
		{"concurrency", "has one buffer for all", with(func(b *broken) {
			var mu sync.Mutex
			var last token.Key
			exchange := func(k *token.Key) {
				mu.Lock()
				defer mu.Unlock()
				last, *k = *k, last
			}
			b.get = func(ctx context.Context, key token.Key) (token.Record, error) {
				exchange(&key)
				time.Sleep(time.Millisecond)
				exchange(&key)
				return b.Storage.Get(ctx, key)
			}
		})},
		{"secrecy", "shows what it could not store", with(func(b *broken) {
			b.set = func(ctx context.Context, key token.Key, r token.Record) error {
				if err := b.Storage.Set(ctx, key, r); err != nil {
					return fmt.Errorf("%s: %w", r.Token.AccessToken, err)
				}
				return nil
			}
		})},
		{"honesty", "pretends to be more than what it wraps", func() token.Storage {
			return &wrapper{broken{Storage: memstore.New()}, &threeMethods{next: memstore.New()}, false}
		}},
		{"isolation/ordinary", "has no accounts", folding(func(k *token.Key) { k.Account = "" })},
		{"isolation/ordinary", "has no users", folding(func(k *token.Key) { k.User = "" })},
		{"isolation/ordinary", "has no providers", folding(func(k *token.Key) { k.Provider = "" })},
		{"isolation/ordinary", "refuses all", with(func(b *broken) {
			b.set = func(context.Context, token.Key, token.Record) error { return token.ErrKey }
		})},
		{"isolation/boundaries", "runs fields together", joining("")},
		{"isolation/separators/colons", "joins with colons", joining(":")},
		{"isolation/separators/slashes", "joins with slashes", joining("/")},
		{"isolation/separators/bars", "joins with bars", joining("|")},
		{"isolation/separators/dots", "joins with dots", joining(".")},
		{"isolation/separators/commas", "joins with commas", joining(",")},
		{"isolation/separators/spaces", "joins with spaces", joining(" ")},
		{"isolation/separators/hyphens", "joins with hyphens", joining("-")},
		{"isolation/separators/underscores", "joins with underscores", joining("_")},
		{"isolation/separators/ampersands", "joins with ampersands", joining("&")},
		{"isolation/separators/NULs", "joins with NULs", joining("\x00")},
		{"isolation/separators/newlines", "joins with newlines", joining("\n")},
		{"isolation/separators/quotes", "joins with quotes", joining(`"`)},
		{"isolation/separators/apostrophes", "joins with apostrophes", joining("'")},
		{"isolation/separators/backslashes", "joins with backslashes", joining(`\`)},
		{"isolation/nothing", "has a word for no user", reading(func(u string) string { return strings.Replace(u, "NULL", "", 1) })},
		{"isolation/prefixes", "reads numbers", reading(func(u string) string { return strings.TrimLeft(u, "0") })},
		{"isolation/case", "folds case", reading(strings.ToLower)},
		{"isolation/trailing space", "pads with spaces", reading(func(u string) string { return strings.TrimRight(u, " ") })},
		{"isolation/NUL", "ends at NUL", reading(func(u string) string { u, _, _ = strings.Cut(u, "\x00"); return u })},
		{"isolation/unicode", "has three bytes for a character", reading(func(u string) string {
			return strings.Map(func(r rune) rune { return min(r, 0xffff) }, u)
		})},
		{"isolation/invalid UTF-8", "mends UTF-8", reading(func(u string) string { return strings.ToValidUTF8(u, "\ufffd") })},
		{"isolation/escapes", "unescapes", reading(func(u string) string {
			if plain, err := url.PathUnescape(u); err == nil {
				return plain
			}
			return u
		})},
		{"isolation/paths", "cleans paths", reading(path.Clean)},
		{"isolation/patterns", "has two wildcards", reading(func(u string) string { return strings.ReplaceAll(u, "*", "%") })},
		{"isolation/statements", "drops what is after a quote", reading(func(u string) string { u, _, _ = strings.Cut(u, "'"); return u })},
		{"isolation/long", "cuts at 255 bytes", reading(func(u string) string { return u[:min(len(u), 255)] })},
		{"isolation/long", "finds what it refused", with(func(b *broken) {
			b.set = func(ctx context.Context, key token.Key, r token.Record) error {
				err := b.Storage.Set(ctx, key, r)
				if len(key.User) > 255 {
					err = token.ErrKey
				}
				return err
			}
		})},
	}
	return slices.Concat(all, brokenVersions(), brokenLists())
}
