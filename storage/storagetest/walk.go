package storagetest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/waltz-oauth/waltz/token"
)

// listed stores n records of one provider and returns their entries.
func listed(ctx context.Context, s token.Lister, n int) (provider string, all []token.Entry, err error) {
	provider = newProvider()
	keys := make([]token.Key, n)
	for i := range keys {
		keys[i] = token.Key{Provider: provider, User: fmt.Sprintf("user%d", i/2), Account: fmt.Sprint("account", i%2)}
	}
	all, err = fill(ctx, s, keys, func(int) token.Record { return newRecord() })
	if err == nil && len(all) != n {
		err = fmt.Errorf("%d of %d ordinary records were refused", n-len(all), n)
	}
	return provider, all, err
}

func listDeleted(ctx context.Context, s token.Lister) error {
	p, all, err := listed(ctx, s, 4)
	if err != nil {
		return err
	}
	if err := s.Delete(ctx, all[1].Key); err != nil {
		return err
	}
	return lists(ctx, s, p, token.Filter{Provider: p}, slices.Delete(all, 1, 2))
}

func listMany(ctx context.Context, s token.Lister) error {
	p, all, err := listed(ctx, s, 300) // more than a page
	if err != nil {
		return err
	}
	if err := lists(ctx, s, p, token.Filter{}, all); err != nil {
		return err
	}
	if err := lists(ctx, s, p, token.Filter{Provider: p}, all); err != nil {
		return err
	}
	seen := 0
	for e, err := range s.List(ctx, token.Filter{Provider: p}) {
		if err := cmp.Or(err, s.Delete(ctx, e.Key)); err != nil {
			return err
		}
		seen++
	}
	if seen != len(all) {
		return fmt.Errorf("listed %d entries, want %d, each of which was there until the body deleted it", seen, len(all))
	}
	return nil
}

func listWriting(ctx context.Context, s token.Lister) error {
	p, all, err := listed(ctx, s, 6)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute) // where a lock is held, rather than hang
	defer cancel()
	seen := 0
	for e, err := range s.List(ctx, token.Filter{Provider: p}) {
		if err != nil {
			return err
		}
		_, get := s.Get(ctx, e.Key)
		set := s.Set(ctx, e.Key, newRecord())
		del := s.Delete(ctx, e.Key)
		if err := errors.Join(get, set, del); err != nil {
			return fmt.Errorf("in the loop's body: %w", err)
		}
		seen++
	}
	if seen != len(all) {
		return fmt.Errorf("listed %d entries, want %d, each of which was there until the body deleted it", seen, len(all))
	}
	return lists(ctx, s, p, token.Filter{Provider: p}, nil)
}

func listBreak(ctx context.Context, s token.Lister) error {
	p, all, err := listed(ctx, s, 4)
	if err != nil {
		return err
	}
	for leave := 1; leave <= len(all); leave++ {
		calls := 0
		s.List(ctx, token.Filter{Provider: p})(func(token.Entry, error) bool {
			calls++
			return calls < leave
		})
		if calls != leave {
			return fmt.Errorf("yielded %d times to a loop that was left at entry %d", calls, leave)
		}
	}
	return lists(ctx, s, p, token.Filter{Provider: p}, all)
}

func listCancellation(ctx context.Context, s token.Lister) error {
	p, _, err := listed(ctx, s, 4)
	if err != nil {
		return err
	}
	for _, walk := range []struct {
		provider string
		entries  int // cancel after so many
	}{{p, 0}, {p, 1}, {newProvider(), 0}} {
		ctx, cancel := context.WithCancel(ctx)
		if walk.entries == 0 {
			cancel()
		}
		var last error
		entries := 0
		for _, err := range s.List(ctx, token.Filter{Provider: walk.provider}) {
			if last != nil {
				cancel()
				return fmt.Errorf("yielded something after %w", last)
			}
			if last = err; err == nil {
				entries++
				cancel()
			}
		}
		cancel()
		if err := canceled("List", last); err != nil {
			return err
		}
		if entries != walk.entries {
			return fmt.Errorf("yielded %d entries, want %d and then the error", entries, walk.entries)
		}
	}
	return nil
}
