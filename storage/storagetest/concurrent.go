package storagetest

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/waltz-oauth/waltz/token"
)

// concurrency has eight writers, each with a key of its own, and all with one key between them.
func concurrency(ctx context.Context, s token.Storage) error {
	provider := newProvider()
	shared := token.Key{Provider: provider, User: "shared"}
	return together(8, func(i int) error {
		own := token.Key{Provider: provider, User: fmt.Sprintf("user%d", i)}
		for range 10 {
			r := newRecord()
			if err := s.Set(ctx, own, r); err != nil {
				return err
			}
			if err := s.Set(ctx, shared, newRecord()); err != nil {
				return err
			}
			if err := holds(ctx, s, own, r); err != nil {
				return err
			}
			if got, err := s.Get(ctx, shared); err == nil && got.Token == nil || err != nil && !errors.Is(err, token.ErrNotFound) {
				return fmt.Errorf("the key that all share: %w", orNil(err))
			}
			if err := s.Delete(ctx, shared); err != nil {
				return err
			}
		}
		return s.Delete(ctx, own)
	})
}

// together calls f(0) to f(n-1) at once and returns their errors.
func together(n int, f func(i int) error) error {
	all := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { all[i] = f(i) })
	}
	wg.Wait()
	return errors.Join(all...)
}

func increments(ctx context.Context, s token.Versioned) error {
	const writers, each, most = 8, 25, 10_000
	key, r, err := begin(ctx, s)
	if err != nil {
		return err
	}
	err = together(writers, func(int) error {
		for tries, done := 0, 0; done < each; tries++ {
			if tries == most {
				return fmt.Errorf("conflict after conflict: %d updates in %d tries", done, tries)
			}
			r, err := s.Load(ctx, key)
			if err != nil {
				return err
			}
			r.Generation++
			switch _, err = s.Swap(ctx, key, r.Version, r); {
			case err == nil:
				done++
			case !errors.Is(err, token.ErrConflict):
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	r.Generation += writers * each
	_, err = loadsAs(ctx, s, key, r)
	return err
}
