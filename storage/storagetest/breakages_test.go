package storagetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
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
		{"round trip/text", "escapes HTML", losing(func(r *token.Record) {
			b, _ := json.Marshal(r.Token)
			r.Token = new(token.Token)
			_ = json.Unmarshal(b, r.Token)
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

func brokenVersions() []breakage {
	return []breakage{
		{"versioned/load", "reads a replica that lags", with(func(b *broken) {
			first := make(map[token.Key]token.Record)
			b.load = func(ctx context.Context, key token.Key) (token.Record, error) {
				r, err := b.Storage.Load(ctx, key)
				if old, ok := first[key]; ok {
					return old, nil
				}
				first[key] = r
				return r, err
			}
		})},
		{"versioned/load", "gives Get no version", with(func(b *broken) {
			b.get = func(ctx context.Context, key token.Key) (token.Record, error) {
				r, err := b.Storage.Get(ctx, key)
				r.Version = ""
				return r, err
			}
		})},
		{"versioned/swap", "returns the version of before", with(func(b *broken) {
			b.swap = func(ctx context.Context, key token.Key, old token.Version, r token.Record) (token.Version, error) {
				_, err := b.Storage.Swap(ctx, key, old, r)
				return old, err
			}
		})},
		{"versioned/conflict", "does not look at the version", with(func(b *broken) {
			b.swap = func(ctx context.Context, key token.Key, _ token.Version, r token.Record) (token.Version, error) {
				now, err := b.Storage.Load(ctx, key)
				if err != nil {
					return "", token.ErrConflict
				}
				return b.Storage.Swap(ctx, key, now.Version, r)
			}
		})},
		{"versioned/absence", "creates", with(func(b *broken) {
			b.swap = func(ctx context.Context, key token.Key, old token.Version, r token.Record) (token.Version, error) {
				if _, err := b.Storage.Load(ctx, key); err != nil {
					return "1", b.Storage.Set(ctx, key, r)
				}
				return b.Storage.Swap(ctx, key, old, r)
			}
		})},
		{"versioned/refusal", "deletes, and then refuses", with(func(b *broken) {
			b.swap = func(ctx context.Context, key token.Key, old token.Version, r token.Record) (token.Version, error) {
				if len(r.Token.AccessToken) > 4000 {
					return "", errors.Join(b.Storage.Delete(ctx, key), token.ErrTooLarge)
				}
				return b.Storage.Swap(ctx, key, old, r)
			}
		})},
		{"versioned/never again", "counts from 1 after Delete", with(func(b *broken) {
			count := make(map[token.Key]int)
			version := func(key token.Key) token.Version { return token.Version(fmt.Sprint(count[key])) }
			b.set = func(ctx context.Context, key token.Key, r token.Record) error {
				count[key]++
				return b.Storage.Set(ctx, key, r)
			}
			b.del = func(ctx context.Context, key token.Key) error {
				delete(count, key)
				return b.Storage.Delete(ctx, key)
			}
			b.load = func(ctx context.Context, key token.Key) (token.Record, error) {
				r, err := b.Storage.Load(ctx, key)
				r.Version = version(key)
				return r, err
			}
			b.swap = func(ctx context.Context, key token.Key, old token.Version, r token.Record) (token.Version, error) {
				if old != version(key) {
					return "", token.ErrConflict
				}
				err := b.set(ctx, key, r)
				return version(key), err
			}
		})},
		{"versioned/never again", "hashes what is stored", with(func(b *broken) {
			b.load = func(ctx context.Context, key token.Key) (token.Record, error) {
				r, err := b.Storage.Load(ctx, key)
				r.Version = token.Version(r.Grant)
				return r, err
			}
			b.swap = func(ctx context.Context, key token.Key, old token.Version, r token.Record) (token.Version, error) {
				now, err := b.Storage.Load(ctx, key)
				if err != nil || token.Version(now.Grant) != old {
					return "", token.ErrConflict
				}
				return token.Version(r.Grant), b.Storage.Set(ctx, key, r)
			}
		})},
		{"versioned/ignored", "conflicts on Set", with(func(b *broken) {
			b.set = func(ctx context.Context, key token.Key, r token.Record) error {
				if r.Version == "" {
					return b.Storage.Set(ctx, key, r)
				}
				_, err := b.Storage.Swap(ctx, key, r.Version+"?", r)
				return err
			}
		})},
		{"versioned/ignored", "keeps Now", with(func(b *broken) {
			var now time.Time
			b.set = func(ctx context.Context, key token.Key, r token.Record) error {
				now = r.Now
				return b.Storage.Set(ctx, key, r)
			}
			b.load = func(ctx context.Context, key token.Key) (token.Record, error) {
				r, err := b.Storage.Load(ctx, key)
				r.Now = now
				return r, err
			}
		})},
		{"versioned/cancellation", "swaps all the same", with(func(b *broken) {
			b.swap = func(ctx context.Context, key token.Key, old token.Version, r token.Record) (token.Version, error) {
				v, err := b.Storage.Swap(context.WithoutCancel(ctx), key, old, r)
				return v, errors.Join(ctx.Err(), err)
			}
		})},
		{"versioned/increments", "looks, and then writes", with(func(b *broken) {
			b.swap = func(ctx context.Context, key token.Key, old token.Version, r token.Record) (token.Version, error) {
				now, err := b.Storage.Load(ctx, key)
				if err != nil || now.Version != old {
					return "", token.ErrConflict
				}
				time.Sleep(time.Millisecond)
				return "", b.Storage.Set(ctx, key, r)
			}
		})},
	}
}

func brokenLists() []breakage {
	// changing returns a storage whose List yields what change makes of the entries.
	changing := func(change func(b *broken, f token.Filter, all []token.Entry) []token.Entry) func() token.Storage {
		return with(func(b *broken) {
			b.list = func(ctx context.Context, f token.Filter) iter.Seq2[token.Entry, error] {
				return func(yield func(token.Entry, error) bool) {
					var all []token.Entry
					for e, err := range b.Storage.List(ctx, token.Filter{}) {
						if err != nil {
							yield(e, err)
							return
						}
						all = append(all, e)
					}
					for _, e := range change(b, f, all) {
						if ctx.Err() != nil {
							yield(token.Entry{}, ctx.Err())
							return
						}
						if !yield(e, nil) {
							return
						}
					}
				}
			}
		})
	}
	match := func(f token.Filter, all []token.Entry) []token.Entry {
		return slices.DeleteFunc(all, func(e token.Entry) bool { return !f.Match(e.Key, e.Record) })
	}
	return []breakage{
		{"lister/order", "sorts fields run together", changing(func(_ *broken, f token.Filter, all []token.Entry) []token.Entry {
			text := func(k token.Key) string { return k.Provider + "/" + k.User + "/" + k.Account }
			slices.SortFunc(all, func(a, b token.Entry) int { return strings.Compare(text(a.Key), text(b.Key)) })
			return match(f, all)
		})},
		{"lister/order", "folds case", changing(func(_ *broken, f token.Filter, all []token.Entry) []token.Entry {
			slices.SortFunc(all, func(a, b token.Entry) int {
				a.Key.User, b.Key.User = strings.ToLower(a.Key.User), strings.ToLower(b.Key.User)
				return compare(a.Key, b.Key)
			})
			return match(f, all)
		})},
		{"lister/filter", "lists the dead as due", changing(func(_ *broken, f token.Filter, all []token.Entry) []token.Entry {
			return slices.DeleteFunc(all, func(e token.Entry) bool {
				e.Record.State = token.Active
				return !f.Match(e.Key, e.Record)
			})
		})},
		{"lister/filter", "leaves out what is due now", changing(func(_ *broken, f token.Filter, all []token.Entry) []token.Entry {
			if !f.Due.IsZero() {
				f.Due = f.Due.Add(-1)
			}
			return match(f, all)
		})},
		{"lister/filter", "takes a user for a prefix", changing(func(_ *broken, f token.Filter, all []token.Entry) []token.Entry {
			user := f.User
			f.User = ""
			return slices.DeleteFunc(match(f, all), func(e token.Entry) bool { return !strings.HasPrefix(e.Key.User, user) })
		})},
		{"lister/entries", "yields tokens", changing(func(b *broken, f token.Filter, all []token.Entry) []token.Entry {
			for i, e := range all {
				all[i].Record, _ = b.Get(context.Background(), e.Key)
			}
			return match(f, all)
		})},
		{"lister/entries", "yields keys alone", changing(func(_ *broken, f token.Filter, all []token.Entry) []token.Entry {
			all = match(f, all)
			for i, e := range all {
				all[i].Record = token.Record{Version: e.Record.Version}
			}
			return all
		})},
		{"lister/deleted", "deletes the record and not its index", with(func(b *broken) {
			b.del = func(context.Context, token.Key) error { return nil }
		})},
		{"lister/many", "knows one page", changing(func(_ *broken, f token.Filter, all []token.Entry) []token.Entry {
			all = match(f, all)
			return all[:min(len(all), 100)]
		})},
		{"lister/writing", "holds its only connection", with(func(b *broken) {
			busy := false
			b.list = func(ctx context.Context, f token.Filter) iter.Seq2[token.Entry, error] {
				return func(yield func(token.Entry, error) bool) {
					busy = true
					defer func() { busy = false }()
					b.Storage.List(ctx, f)(yield)
				}
			}
			b.set = func(ctx context.Context, key token.Key, r token.Record) error {
				if busy {
					return context.DeadlineExceeded
				}
				return b.Storage.Set(ctx, key, r)
			}
		})},
		{"lister/break", "goes on after the end", with(func(b *broken) {
			b.list = func(ctx context.Context, f token.Filter) iter.Seq2[token.Entry, error] {
				return func(yield func(token.Entry, error) bool) {
					for e, err := range b.Storage.List(ctx, f) {
						yield(e, err)
					}
				}
			}
		})},
		{"lister/cancellation", "ends as if there were no more", with(func(b *broken) {
			b.list = func(ctx context.Context, f token.Filter) iter.Seq2[token.Entry, error] {
				return func(yield func(token.Entry, error) bool) {
					for e, err := range b.Storage.List(ctx, f) {
						if err != nil || !yield(e, nil) {
							return
						}
					}
				}
			}
		})},
		{"lister/cancellation", "takes no notice", with(func(b *broken) {
			b.list = func(ctx context.Context, f token.Filter) iter.Seq2[token.Entry, error] {
				return b.Storage.List(context.WithoutCancel(ctx), f)
			}
		})},
		{"lister/cancellation", "finds nothing, and no error", with(func(b *broken) {
			b.list = func(ctx context.Context, f token.Filter) iter.Seq2[token.Entry, error] {
				return func(yield func(token.Entry, error) bool) {
					for e := range b.Storage.List(context.WithoutCancel(ctx), f) {
						if ctx.Err() != nil {
							yield(token.Entry{}, ctx.Err())
							return
						}
						if !yield(e, nil) {
							return
						}
					}
				}
			}
		})},
	}
}
