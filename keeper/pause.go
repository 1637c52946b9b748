package keeper

import (
	"context"
	"time"
)

// Whoever waits for another process looks again after a time that grows from the first of these to
// the last.
const (
	firstPoll = 50 * time.Millisecond
	lastPoll  = 500 * time.Millisecond
)

// poll is how long to wait before the next look. The zero poll has not waited yet.
type poll struct{ last time.Duration }

// next is how long to wait this time, with jitter: about twice as long as the last time.
func (p *poll) next() time.Duration {
	p.last = min(max(2*p.last, firstPoll), lastPoll)
	return p.last/2 + upTo(p.last/2)
}

// wait waits for p.next and reports whether ctx is still going on.
func (p *poll) wait(ctx context.Context) bool { return pause(ctx, p.next()) }

// pause waits for d and reports whether ctx is still going on.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
