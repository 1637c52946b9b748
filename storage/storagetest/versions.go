package storagetest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/waltz-oauth/waltz/token"
)

func neverAgain(ctx context.Context, s token.Versioned) error {
	key, r, err := begin(ctx, s)
	if err != nil {
		return err
	}
	var seen []token.Version
	for range 3 {
		for _, write := range []struct {
			name string
			do   func(current token.Version) error
		}{
			{"Set", func(token.Version) error { return s.Set(ctx, key, r) }},
			{"Swap", func(current token.Version) error { _, err := s.Swap(ctx, key, current, r); return err }},
			{"Delete and Set", func(token.Version) error { return errors.Join(s.Delete(ctx, key), s.Set(ctx, key, r)) }},
		} {
			now, err := s.Load(ctx, key)
			if err != nil {
				return err
			}
			seen = append(seen, now.Version)
			if err := write.do(now.Version); err != nil {
				return fmt.Errorf("%s: %w", write.name, err)
			}
			for _, old := range seen {
				if err := conflict(s.Swap(ctx, key, old, newRecord())); err != nil {
					return fmt.Errorf("after %s, with a version of before: %w", write.name, err)
				}
			}
		}
	}
	return nil
}

func ignoresVersion(ctx context.Context, s token.Versioned) error {
	key, r, err := begin(ctx, s)
	if err != nil {
		return err
	}
	next := newRecord()
	next.Version, next.Now = r.Version, time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
	set := func() error { return s.Set(ctx, key, next) }
	swap := func() error {
		now, err := s.Load(ctx, key)
		if err == nil {
			_, err = s.Swap(ctx, key, now.Version, next)
		}
		return err
	}
	for _, write := range []func() error{set, swap} {
		if err := write(); err != nil {
			return err
		}
		loaded, err := loadsAs(ctx, s, key, next)
		if err != nil {
			return err
		}
		got, err := s.Get(ctx, key)
		if err != nil {
			return err
		}
		if loaded.Version == next.Version || got.Version == next.Version {
			return errors.New("the stored version is the one in the record that was given")
		}
		if loaded.Now.Equal(next.Now) || got.Now.Equal(next.Now) {
			return errors.New("the clock is the one in the record that was given")
		}
	}
	return nil
}
