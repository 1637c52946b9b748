package cache

import (
	"context"
	"sync/atomic"
	"time"
)

// clock counts nanoseconds. Reading the time is a large part of finding something in memory, so while
// run runs it is read ten times a second for all.
type clock struct {
	start  time.Time
	coarse atomic.Int64 // 0 while run does not run
}

func newClock() clock { return clock{start: time.Now()} }

func (c *clock) now() int64 {
	if n := c.coarse.Load(); n != 0 {
		return n
	}
	return int64(time.Since(c.start))
}

func (c *clock) run(ctx context.Context) {
	tick := time.NewTicker(time.Second / 10)
	defer tick.Stop()
	defer c.coarse.Store(0)
	for {
		c.coarse.Store(max(1, int64(time.Since(c.start))))
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
