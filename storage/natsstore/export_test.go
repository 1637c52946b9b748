package natsstore

import (
	"context"
	"time"
)

// SweepOlder is Sweep for another age.
func (s *Storage) SweepOlder(ctx context.Context, age time.Duration) error { return s.sweep(ctx, age) }

// Suspect has Watch try a connection after a silence of d.
func (s *Storage) Suspect(d time.Duration) { s.silence = d }

// LetsTwoSwap reports whether a cluster of that version lets two writers swap one version.
func LetsTwoSwap(version string) bool { return before(version, clusterSwaps) }
