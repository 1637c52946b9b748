package storagetest

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"strings"

	"github.com/waltz-oauth/waltz/token"
)

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
				return a.Key.Compare(b.Key)
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
		{"lister/filter", "folds the case of subjects", changing(func(_ *broken, f token.Filter, all []token.Entry) []token.Entry {
			subject := f.Subject
			f.Subject = ""
			return slices.DeleteFunc(match(f, all), func(e token.Entry) bool {
				return subject != "" && !strings.EqualFold(e.Record.Subject, subject)
			})
		})},
		{"lister/entries", "yields nothing", changing(func(*broken, token.Filter, []token.Entry) []token.Entry { return nil })},
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
		{"lister/many", "counts off its pages", with(func(b *broken) {
			b.list = func(ctx context.Context, f token.Filter) iter.Seq2[token.Entry, error] {
				return func(yield func(token.Entry, error) bool) {
					const page = 100
					for offset := 0; ; offset += page {
						i, yielded := 0, 0
						for e, err := range b.Storage.List(ctx, f) {
							if i++; i <= offset || i > offset+page {
								continue
							}
							if yielded++; !yield(e, err) || err != nil {
								return
							}
						}
						if yielded < page {
							return
						}
					}
				}
			}
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
					for e, err := range b.Storage.List(context.WithoutCancel(ctx), f) {
						if err = cmp.Or(err, ctx.Err()); err != nil {
							yield(token.Entry{}, err)
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
