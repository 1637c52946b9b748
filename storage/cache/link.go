package cache

import (
	"context"
	"log/slog"
	"maps"
	"sync"
	"time"

	"github.com/waltz-oauth/waltz/token"
)

// link is the way to a server that may be down. While it is, one call a second finds out and the
// others go without; what could not be delivered is owed.
type link struct {
	what    string
	deliver func(context.Context, token.Key) error
	late    func(context.Context, token.Key) // called after what was owed is delivered; nil: nothing
	fade    time.Duration                    // what is owed for longer has lapsed there by itself
	timeout time.Duration
	log     *slog.Logger

	mu    sync.Mutex
	down  bool
	again time.Time // while down, not before then
	quiet time.Time // nothing is logged until then
	owed  map[token.Key]debt
	debts uint64 // makes each of them another
}

type debt struct {
	number uint64
	since  time.Time
}

// many is how much may be owed before what has lapsed is looked for.
const many = 1 << 16

func newLink(l *link, c Config) *link {
	l.timeout, l.log, l.owed = c.timeout(), c.logger(), make(map[token.Key]debt)
	return l
}

// use calls f, which looks at what the server has at key, and reports whether that worked. It is not
// called while the server is down, or has something there that should have been dropped.
func (l *link) use(ctx context.Context, key token.Key, f func(context.Context) error) bool {
	if d, owed := l.owes(key); owed && !l.pay(ctx, key, d) {
		return false
	}
	return l.call(ctx, f)
}

// send delivers key, now or later, even if ctx is done.
func (l *link) send(ctx context.Context, key token.Key) {
	d, owed := l.owes(key)
	if owed && l.pay(ctx, key, d) || !owed && l.try(ctx, key) {
		return
	}
	l.owe(key)
}

// settle delivers what is owed, as far as it goes.
func (l *link) settle(ctx context.Context) {
	for key, d := range l.all() {
		if ctx.Err() != nil || !l.pay(ctx, key, d) {
			return
		}
	}
}

// pay delivers key, which is owed since d. If it comes to be owed again meanwhile, it still is.
func (l *link) pay(ctx context.Context, key token.Key, d debt) bool {
	if !l.try(ctx, key) {
		return false
	}
	l.mu.Lock()
	if l.owed[key] == d {
		delete(l.owed, key)
	}
	l.mu.Unlock()
	if l.late != nil {
		l.late(ctx, key)
	}
	return true
}

func (l *link) try(ctx context.Context, key token.Key) bool {
	return l.call(context.WithoutCancel(ctx), func(ctx context.Context) error { return l.deliver(ctx, key) })
}

// call calls f unless the server is down, and learns from its error whether it is.
func (l *link) call(ctx context.Context, f func(context.Context) error) bool {
	if !l.ready() {
		return false
	}
	limited, cancel := context.WithTimeout(ctx, l.timeout)
	defer cancel()
	err := f(limited)
	if err == nil || ctx.Err() == nil { // a caller who leaves says nothing about the server
		l.learn(ctx, err)
	}
	return err == nil
}

// ready says whether to try: always while the server works, else for the first who asks each second.
func (l *link) ready() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.down {
		return true
	}
	now := time.Now()
	if now.Before(l.again) {
		return false
	}
	l.again = now.Add(retry)
	return true
}

func (l *link) learn(ctx context.Context, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.down = err != nil; !l.down {
		return
	}
	now := time.Now()
	l.again = now.Add(retry)
	if now.After(l.quiet) {
		l.quiet = now.Add(time.Minute)
		l.log.WarnContext(ctx, "cache: going on without the "+l.what+", which fails", "error", err)
	}
}

func (l *link) owes(key token.Key) (debt, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	d, owed := l.owed[key]
	return d, owed
}

func (l *link) owe(key token.Key) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.owed) >= many {
		l.lapse()
	}
	l.debts++
	l.owed[key] = debt{l.debts, time.Now()}
}

func (l *link) all() map[token.Key]debt {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lapse()
	return maps.Clone(l.owed)
}

// lapse is called with the lock held.
func (l *link) lapse() {
	maps.DeleteFunc(l.owed, func(_ token.Key, d debt) bool { return time.Since(d.since) > l.fade })
}
