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
	const tries = 10
	for try := 1; ; try++ {
		err := do(s.on(ctx))
		// A deadlock takes the caller's whole transaction with it.
		if err == nil || s.tx || try == tries || !deadlock(err) {
			return err
		}
		select {
		case <-time.After(rand.N(time.Millisecond << try)): //nolint:gosec // it only has to differ from that of others
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
