package gormstore

import (
	"context"
	"math/rand/v2"
	"time"

	"gorm.io/gorm"
)

// write calls do, again where a deadlock undid what it did.
func (s *Storage[M]) write(ctx context.Context, do func(db *gorm.DB) error) error {
	if s.writer != nil {
		select {
		case s.writer <- struct{}{}:
			defer func() { <-s.writer }()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	const tries, longest = 50, 100 * time.Millisecond
	wait := time.Millisecond
	for try := 1; ; try++ {
		err := do(s.on(ctx))
		// A deadlock takes the caller's whole transaction with it.
		if err == nil || s.tx || try == tries || !deadlock(err) {
			return err
		}
		// Many at one row come in each other's way again unless they part.
		select {
		case <-time.After(rand.N(wait)): //nolint:gosec // it only has to differ from that of others
			wait = min(2*wait, longest)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
