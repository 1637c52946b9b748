package keeper

import (
	"time"

	"github.com/waltz-oauth/waltz/token"
)

const (
	unsentWait  = 5 * time.Second
	limitedWait = 30 * time.Second
	doubtWait   = 5 * time.Second
	maxDoubt    = 10 * time.Minute
	maxWait     = 24 * time.Hour // of what a provider asks for
	brakeWait   = 10 * time.Second
)

// backOff is how long nobody is to try again after failure, in a grant that has been in doubt for
// the time given. A doubt is waited out as long as it has lasted, so that the tries grow rarer
// without being counted. What the provider asks for is the least.
func backOff(failure *Failure, doubt time.Duration) time.Duration {
	var wait time.Duration
	switch failure.Kind {
	case Unsent:
		wait = unsentWait
	case Limited:
		wait = limitedWait
	default:
		wait = min(max(doubt, doubtWait), maxDoubt)
	}
	wait = max(wait, min(failure.RetryAfter, maxWait))
	return wait + upTo(wait/4)
}

// remembered is the failure that r tells of, which is to be waited out for left.
func remembered(r token.Record, left time.Duration) *Failure {
	f := &Failure{Kind: Limited, Code: r.Reason, RetryAfter: left}
	switch {
	case r.State == token.InDoubt || r.Lease.Attempt != "":
		f.Kind = Doubtful
	case r.Reason == Unsent.String():
		f.Kind = Unsent
	}
	return f
}

// brake keeps this process from calling a provider over and over that said its registration is
// wrong. Records know nothing of that: it is nothing about their grants. It is for one key until
// another key's refresh is told so too, with none answered in between: some providers say it of a
// single person, or of all those of a company that has locked the application out.
type brake struct {
	until    time.Time
	failure  *Failure
	key      token.Key
	all      bool
	answered bool // a refresh of another key was, since
}

func (k *Keeper) brakeOn(key token.Key, f *Failure) {
	k.mu.Lock()
	defer k.mu.Unlock()
	f.RetryAfter = max(min(f.RetryAfter, maxWait), brakeWait)
	b, ok := k.brakes[key.Provider]
	all := ok && !b.answered && (b.all || b.key != key)
	k.brakes[key.Provider] = brake{until: time.Now().Add(f.RetryAfter), failure: f, key: key, all: all}
}

// brakeOff is told that a refresh of key was answered as it should be.
func (k *Keeper) brakeOff(key token.Key) {
	k.mu.Lock()
	defer k.mu.Unlock()
	b, ok := k.brakes[key.Provider]
	if !ok {
		return
	}
	if b.key == key {
		delete(k.brakes, key.Provider)
		return
	}
	b.all, b.answered = false, true
	k.brakes[key.Provider] = b
}

// braked returns why the provider is not to be called now for key, or nil.
func (k *Keeper) braked(key token.Key) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	b, ok := k.brakes[key.Provider]
	left := time.Until(b.until)
	if !ok || left <= 0 || !b.all && b.key != key {
		return nil
	}
	f := *b.failure
	f.RetryAfter = left
	return &f
}
