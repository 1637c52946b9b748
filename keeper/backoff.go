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
// wrong. Records know nothing of that: it is nothing about their grants.
type brake struct {
	until   time.Time
	failure *Failure
}

func (k *Keeper) brakeOn(provider string, f *Failure) {
	k.mu.Lock()
	defer k.mu.Unlock()
	f.RetryAfter = max(min(f.RetryAfter, maxWait), brakeWait)
	k.brakes[provider] = brake{time.Now().Add(f.RetryAfter), f}
}

func (k *Keeper) brakeOff(provider string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.brakes, provider)
}

// braked returns why the provider is not to be called now, or nil.
func (k *Keeper) braked(provider string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	b, ok := k.brakes[provider]
	left := time.Until(b.until)
	if !ok || left <= 0 {
		return nil
	}
	f := *b.failure
	f.RetryAfter = left
	return &f
}
