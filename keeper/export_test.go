package keeper

import (
	"time"

	"github.com/waltz-oauth/waltz/token"
)

// Sessions is how many sessions k remembers.
func Sessions(k *Keeper) int {
	k.browser.mu.Lock()
	defer k.browser.mu.Unlock()
	return len(k.browser.byID)
}

// Remember lets k remember at most n sessions.
func Remember(k *Keeper, n int) { k.browser.most = n }

// RefreshAt is when k would have t, received at now, refreshed.
func RefreshAt(k *Keeper, t *token.Token, now time.Time) time.Time {
	return k.refreshAt("example", t, now)
}

// Late reports whether r has less than its margin left at now.
func Late(k *Keeper, r token.Record, now time.Time) bool { return k.late(r, now) }

// Busy reports whether something is under way in k.
func Busy(k *Keeper) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.running > 0
}
