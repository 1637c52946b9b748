package storagetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/waltz-oauth/waltz/token"
)

// listerPromises are those of a storage that can be walked.
func listerPromises() []promise[token.Lister] {
	return []promise[token.Lister]{
		{"lister/order", "List yields entries in the order of their keys: provider, user, account, each byte by byte.", listOrder},
		{"lister/filter", "List yields those entries that Filter.Match matches, and no others.", listFilter},
		{"lister/entries", "an entry is the record as Get returns it, its Version too, but for the token, which is nil.", listEntries},
		{"lister/deleted", "what was deleted is not listed.", listDeleted},
		{"lister/many", "every entry is listed once, however many there are, also while the loop's body deletes those that it has seen.", listMany},
		{"lister/writing", "the loop's body may read, write and delete.", listWriting},
		{"lister/break", "a loop may be left at any entry, and is not called again.", listBreak},
		{"lister/cancellation", "a walk whose context is done yields its error once and then nothing more, even where it would have found nothing.", listCancellation},
	}
}

// fill sets records at keys, eight at a time, and returns as entries those that were not refused.
func fill(ctx context.Context, s token.Storage, keys []token.Key, record func(i int) token.Record) ([]token.Entry, error) {
	const writers = 8
	all := make([]token.Entry, len(keys))
	err := together(writers, func(w int) error {
		for i := w; i < len(keys); i += writers {
			r := record(i)
			switch err := s.Set(ctx, keys[i], r); {
			case err == nil:
				all[i] = token.Entry{Key: keys[i], Record: r}
			case !refused(err):
				return err
			}
		}
		return nil
	})
	all = slices.DeleteFunc(all, func(e token.Entry) bool { return e.Key == token.Key{} })
	slices.SortFunc(all, func(a, b token.Entry) int { return a.Key.Compare(b.Key) })
	return all, err
}

// lists returns an error unless List yields want for f, whatever it yields of providers whose
// names do not begin with prefix.
func lists(ctx context.Context, s token.Lister, prefix string, f token.Filter, want []token.Entry) error {
	i := 0
	for e, err := range s.List(ctx, f) {
		switch {
		case err != nil:
			return err
		case !strings.HasPrefix(e.Key.Provider, prefix):
		case i == len(want):
			return fmt.Errorf("%+v: listed %s after all %d that were wanted", f, e.Key, len(want))
		case e.Key != want[i].Key:
			return fmt.Errorf("%+v: entry %d is %s, want %s", f, i, e.Key, want[i].Key)
		default:
			i++
		}
	}
	if i < len(want) {
		return fmt.Errorf("%+v: listed %d entries, want %d: %s is missing", f, i, len(want), want[i].Key)
	}
	return nil
}

func listOrder(ctx context.Context, s token.Lister) error {
	p := newProvider()
	names := []string{"", "a", "A", "B", "ab", "a ", "a-", "a/b", "a\x00", "é", "z", "10", "9", "Z", "_", "\xff", "😀", "\uffee"}
	var keys []token.Key
	for _, name := range names {
		keys = append(keys,
			token.Key{Provider: p, User: name},
			token.Key{Provider: p, User: name, Account: "z"},
			token.Key{Provider: p, User: "a", Account: name + "a"},
			token.Key{Provider: p + name, User: "m"},
		)
	}
	all, err := fill(ctx, s, keys, func(int) token.Record { return newRecord() })
	if err != nil {
		return err
	}
	// A key may stand in keys twice.
	all = slices.CompactFunc(all, func(a, b token.Entry) bool { return a.Key == b.Key })
	return lists(ctx, s, p, token.Filter{}, all)
}

func listFilter(ctx context.Context, s token.Lister) error {
	p, subject := newProvider(), newProvider()
	at := time.Date(2030, 1, 2, 3, 4, 5, 678_901_000, time.UTC)
	refresh := []time.Time{{}, at.Add(-time.Hour), at, at.Add(time.Microsecond)}
	alice, bob := p+"alice", p+"bob"
	var keys []token.Key
	var records []token.Record
	for _, provider := range []string{p, p + "b"} {
		for _, user := range []string{"", alice, bob, alice + "2"} {
			for i, due := range refresh {
				r := newRecord()
				r.RefreshAt = due
				if i%2 == 1 {
					r.Subject = subject
				}
				r.State = token.State(len(keys) / 2 % 3)
				keys = append(keys, token.Key{Provider: provider, User: user, Account: fmt.Sprint("account", i)})
				records = append(records, r)
			}
		}
	}
	all, err := fill(ctx, s, keys, func(i int) token.Record { return records[i] })
	if err != nil {
		return err
	}
	for _, provider := range []string{"", p, strings.ToLower(p)} {
		for _, user := range []string{"", alice, strings.ToUpper(alice)} {
			for _, subject := range []string{"", subject, strings.ToLower(subject)} {
				for _, due := range []time.Time{{}, at, at.Add(-2 * time.Hour)} {
					f := token.Filter{Provider: provider, User: user, Subject: subject, Due: due}
					var want []token.Entry
					for _, e := range all {
						if f.Match(e.Key, e.Record) {
							want = append(want, e)
						}
					}
					if err := lists(ctx, s, p, f, want); err != nil {
						return err
					}
				}
			}
		}
	}
	return nil
}

func listEntries(ctx context.Context, s token.Lister) error {
	r := newRecord()
	r.Generation, r.State, r.Reason = 7, token.InDoubt, "temporarily_unavailable"
	r.RefreshAt = time.Date(2030, 1, 2, 3, 4, 5, 678_901_000, time.UTC)
	r.NotBefore = r.RefreshAt.Add(time.Minute)
	r.Lease = token.Lease{Attempt: "attempt", Until: r.NotBefore.Add(time.Minute)}
	key := token.Key{Provider: newProvider(), User: "alice", Account: "work"}
	if err := s.Set(ctx, key, r); err != nil {
		return err
	}
	got, err := s.Get(ctx, key)
	if err != nil {
		return err
	}
	r.Token = nil
	entries := 0
	for e, err := range s.List(ctx, token.Filter{Provider: key.Provider}) {
		entries++
		switch {
		case err != nil:
			return err
		case e.Record.Token != nil:
			return errors.New("an entry has its token")
		case e.Record.Version != got.Version:
			return fmt.Errorf("List gave version %q, and Get %q", e.Record.Version, got.Version)
		}
		if err := same(e.Record, r); err != nil {
			return err
		}
	}
	if entries != 1 {
		return fmt.Errorf("listed %d entries, want the one that was set", entries)
	}
	return nil
}
