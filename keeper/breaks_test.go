package keeper_test

import (
	"testing"

	"github.com/waltz-oauth/waltz/internal/breaktest"
)

// A few of the breaks, to see that they still can be made; TestSoakBreaks makes them all.
func TestBreaks(t *testing.T) {
	t.Parallel()
	broken(t, ".", protocol()[:1])
	broken(t, ".", failures()[:1])
}

// cut is a name, a file, what stands there, what takes its place, and the test that notices.
type cut [5]string

func broken(t *testing.T, dir string, all []cut) {
	t.Helper()
	breaks := make([]breaktest.Break, len(all))
	for i, c := range all {
		breaks[i] = breaktest.Break{Name: c[0], File: c[1], Old: c[2], New: c[3], Test: c[4]}
	}
	breaktest.Run(t, dir, breaks)
}

// protocol takes out each step of the protocol in turn, and each half of it that does something
// alone. The names say what is done no longer, or done instead.
func protocol() []cut {
	return []cut{
		{
			"commit only under one's own lease", "commit.go",
			"case stored.Generation == h.spent.Generation:", "case stored.Generation == h.spent.Generation && stored.Lease == h.spent.Lease:",
			"TestLateWinnerStillCommits",
		},

		// 1. Read.
		{"serve what has expired", "schedule.go", "case expired(r, now):\n\t\treturn wait", "case expired(r, now):\n\t\treturn nothing", "TestTwentyCallersMakeOneCall"},
		{"serve what is about to expire", "schedule.go", "return expired(r, now.Add(margin))", "return expired(r, now)", "TestWithinMarginCallersWait"},
		{"wait ahead of the expiry", "schedule.go", "case settled && r.Lease.Attempt == \"\":\n\t\treturn ahead", "case settled && r.Lease.Attempt == \"\":\n\t\treturn wait", "TestAheadOfExpiryCallersDoNotWait"},
		{"refresh nothing ahead", "schedule.go", "case settled && r.Lease.Attempt == \"\":\n\t\treturn ahead", "case settled && r.Lease.Attempt == \"\":\n\t\treturn nothing", "TestAheadOfExpiryCallersDoNotWait"},
		{"refresh ahead what another is refreshing", "schedule.go", "case settled && r.Lease.Attempt == \"\":", "case settled:", "TestNothingIsTriedAheadInVain"},
		{"refresh what came seconds ago", "schedule.go", "const floor = 3 * time.Second", "const floor = 0", "TestAnswersThatArriveExpired"},
		{"have tokens come due together", "schedule.go", "min(life/8+upTo(life/8), maxLead)", "min(life/8, maxLead)", "TestScheduleIsSpread"},
		{"prefer an error to an old token", "fresh.go", "err != nil && !expired(r, time.Now()) && !final(err)", "false", "TestWithinMarginAnOldTokenIsBetterThanNone"},
		{"wait for the dead with a token that expires meanwhile", "fresh.go", "left > 0 && k.browser == nil", "false", "TestOldTokenIsServedWhileADeadProcessHasTheLease"},

		// 2. Collapse.
		{"collapse nothing", "flight.go", "if f, ok := k.flights[id]; ok {", "if f, ok := k.flights[id]; ok && false {", "TestTwentyCallersMakeOneCall"},
		{"collapse by key alone", "flight.go", "return flightID{key, grantOf(r), r.Generation}", "return flightID{key, \"\", 0}", "TestVisitorsDoNotShareARefresh"},
		{"collapse by key and generation", "flight.go", "return flightID{key, grantOf(r), r.Generation}", "return flightID{key, \"\", r.Generation}", "TestVisitorsDoNotShareARefresh"},
		{"collapse by key and grant", "flight.go", "return flightID{key, grantOf(r), r.Generation}", "return flightID{key, grantOf(r), 0}", "TestStaleReadsDoNotMakeRefreshesWaitForEachOther"},
		{"collapse by grant and generation", "flight.go", "return flightID{key, grantOf(r), r.Generation}", "return flightID{token.Key{}, grantOf(r), r.Generation}", "TestKeysDoNotShareARefresh"},
		{"end the work with its first caller", "flight.go", "own := context.WithoutCancel(ctx)", "own := ctx", "TestCallerThatGivesUpBeforeTheClaimStopsNobody"},
		{"give the work no deadline", "flight.go", "context.WithTimeout(own, 2*k.c.lease())", "context.WithCancel(own)", "TestWaitForAnotherProcessEnds"},
		{"have refreshes wait for each other", "refresh.go", "r.Grant == seen.Grant && r.Generation < seen.Generation:", "false:", "TestStaleReadsDoNotMakeRefreshesWaitForEachOther"},

		// 3. Load, and look again.
		{"believe what the caller has read", "refresh.go", "r, err := f.load(ctx)\n\t\tif err != nil {\n\t\t\treturn token.Record{}, err\n\t\t}\n\t\tif h :=", "r, err := seen, error(nil)\n\t\tif err != nil {\n\t\t\treturn token.Record{}, err\n\t\t}\n\t\tif h :=", "TestLookAgainBeforeTheClaim"},
		{"refresh what another has just refreshed", "refresh.go", "case r.State != token.Reauthorize && (other.attempt != \"\" || !f.k.late(r, began) || justGot(r, began)):", "case false:", "TestTwentyCallersMakeOneCall"},
		{"refresh what came of the lease that was waited for", "refresh.go", "(other.attempt != \"\" || !f.k.late", "(!f.k.late", "TestWhatOneWaitedForIsServed"},
		{"send people to log in for what a cache shows", "fresh.go", "need == login && k.shared != nil", "false", "TestNobodyIsSentToLogInForWhatACacheShows"},

		// 4. Claim.
		{"claim without a write", "refresh.go", "v, err := f.store.Swap(ctx, f.key, r.Version, claimed)", "v, err := r.Version, error(nil)", "TestNothingIsSpentThatCouldNotBeStored"},
		{"claim without a lease", "refresh.go", "claimed.Lease = token.Lease{Attempt: rand.Text(), Until: f.now().Add(f.k.c.lease())}", "_ = rand.Text", "TestClaimIsALeaseWithNobodyHeldUp"},
		{"take a conflict for a claim", "refresh.go", "if f.k.shared == nil || errors.Is(err, token.ErrConflict) {\n\t\treturn token.Record{}, err\n\t}", "if errors.Is(err, token.ErrConflict) {\n\t\treturn claimed, nil\n\t}", "TestKeepersDoAsTheModel"},
		{"forget a claim that was not answered", "refresh.go", "if loadErr != nil || stored.Lease.Attempt != claimed.Lease.Attempt {", "if true || loadErr != nil || stored.Lease.Attempt != claimed.Lease.Attempt {", "TestClaimThatHappenedButWasNotAnswered"},
		{"take another's claim for one's own", "refresh.go", "if loadErr != nil || stored.Lease.Attempt != claimed.Lease.Attempt {", "if loadErr != nil {", "TestClaimThatWasNotAnsweredAndIsAnothers"},
		{"try again at once after a conflict", "refresh.go", "if !again.wait(ctx) { // a replica", "if false { // a replica", "TestConflictsAreNotTriedAgainAtOnce"},

		// 5. Losers wait.
		{"take over at once", "refresh.go", "if r.Lease.Attempt != \"\" && !other.over(r, f.k.c.lease()) {", "if false {", "TestTwentyCallersMakeOneCall"},
		{"look as often as one can", "pause.go", "p.last = min(max(2*p.last, firstPoll), lastPoll)", "p.last = firstPoll", "TestConflictsAreNotTriedAgainAtOnce"},
		{"hear no bell", "bells.go", "if own := b.byKey[key]; own != nil {", "if own := b.byKey[key]; false {", "TestWaitingCallersAreWokenByTheStorage"},
		{"hear no bell that is for all", "bells.go", "if key == (token.Key{}) {", "if false {", "TestWaitingCallersAreWokenByTheStorage"},

		// 6. Send once.
		{"give the call more than half of the lease", "send.go", "f.k.c.lease()/2", "f.k.c.lease()", "TestCallerThatGivesUpStopsNobody"},
		{"send on a claim that is nearly over", "refresh.go", "if time.Since(began) > f.k.c.lease()/2 {", "if false {", "TestClaimThatTookTooLongIsNotUsed"},
		{"keep a claim that is not used", "refresh.go", "f.leave(ctx, claimed, r)\n", "", "TestClaimThatTookTooLongIsNotUsed"},

		// 7. Commit.
		{"commit over another grant", "commit.go", "case stored.Grant != h.spent.Grant:", "case false:", "TestLoginWhileRefreshing"},
		{"commit over a newer generation", "commit.go", "case stored.Generation == h.spent.Generation:", "case stored.Generation >= h.spent.Generation:", "TestCommitNeverGoesBack"},
		{"commit once and give up", "commit.go", "case stored.Generation == h.spent.Generation:", "case false:", "TestCommitAfterAConflict"},
		{"try to commit again at once", "commit.go", "again.wait(ctx) // if ctx ends, the swap says so", "_ = again", "TestConflictsAreNotTriedAgainAtOnce"},
		{"commit without counting", "commit.go", "r.Generation++", "", "TestTwentyCallersMakeOneCall"},
		{"leave the lease behind", "commit.go", "r.Lease, r.NotBefore = token.Lease{}, time.Time{}", "r.NotBefore = time.Time{}", "TestClaimIsALeaseWithNobodyHeldUp"},
		{"leave the grant in doubt", "commit.go", "r.State, r.Reason, r.Since = token.Active, \"\", stamp(now)", "r.Since = stamp(now)", "TestTakeoverIsInDoubt"},
		{"forget a commit that was not answered", "commit.go", "case stored.Generation == h.next.Generation && stored.Token != nil", "case false && stored.Token != nil", "TestCommitThatHappenedButWasNotAnswered"},
		{"let live what nobody keeps", "commit.go", "return token.Record{}, k.unwanted(key, h.next), err", "return token.Record{}, func(context.Context) {}, err", "TestLogoutWhileRefreshing"},
		{"let live what is another account's", "commit.go", "if by.State == token.Reauthorize || otherAccount {", "if by.State == token.Reauthorize || otherAccount && false {", "TestLoginWhileRefreshing"},
		{"let live what a logout has buried", "commit.go", "if by.State == token.Reauthorize || otherAccount {", "if otherAccount {", "TestLogoutJustAfterARefresh"},
		{"revoke what ends a new login", "commit.go", "if by.State == token.Reauthorize || otherAccount {", "if true || otherAccount {", "TestLoginWhileRefreshing"},

		// 8. Only then the hooks.
		{"call hooks before callers have their answer", "flight.go", "got, err := work.run(limited, r)\n", "got, err := work.run(limited, r)\n\t\t\tfor _, do := range work.later {\n\t\t\t\tdo(own)\n\t\t\t}\n\t\t\twork.later = nil\n", "TestHooksMayUseTheKeeper"},
		{"call no hook", "commit.go", "if k.c.Refreshed != nil {", "if false {", "TestCommitThatHappenedButWasNotAnswered"},

		// The merge rule.
		{"keep the answer alone", "send.go", "next, err := t.Merge(answer)", "next, err := answer, error(nil)", "TestAnswerIsMergedWithTheToken"},
		{"take an empty answer for a token", "send.go", "if answer == nil || answer.AccessToken == \"\" {", "if answer == nil {", "TestAnswerWithoutATokenIsNoAnswer"},

		// A storage of three methods.
		{"let writes cross", "plain.go", "case l <- struct{}{}:\n\t\treturn func() { <-l }, nil", "case l <- struct{}{}:\n\t\t<-l\n\t\treturn func() {}, nil", "TestWritesTakeTurns"},
		{"write over what came meanwhile", "plain.go", "err == nil && versionOf(stored) != old", "err == nil && false && versionOf(stored) != old", "TestLoginWhileRefreshing"},
		{"bring back what is gone", "plain.go", "if errors.Is(err, token.ErrNotFound) || ", "if errors.Is(err, token.ErrNotFound) {\n\t\terr = nil\n\t} else if ", "TestLogoutWhileRefreshing"},
	}
}
