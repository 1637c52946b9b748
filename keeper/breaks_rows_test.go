package keeper_test

// failures take out, in turn, what the keeper does when things go wrong, for sessions, ahead of need,
// and at a logout.
func failures() []cut {
	return []cut{
		{
			"spend what a held successor was given for", "refresh.go",
			"h != nil && same(r, h.spent) {\n\t\t\tif err", "false {\n\t\t\tif err",
			"TestRejectedSuccessorIsStoredBeforeItIsSpent",
		},

		// Killed before or after sending.
		{"take over without a doubt", "refresh.go", "if r.Lease.Attempt != \"\" && r.State == token.Active {", "if false {", "TestTakeoverIsInDoubt"},
		{"try what is in doubt before its token has expired", "refresh.go", "inDoubt && !f.forced && left > 0", "inDoubt && false && left > 0", "TestLookAgainBeforeTheClaim"},
		{"be late with what is in doubt", "schedule.go", "abandoned || !settled {", "abandoned && false {", "TestKilledProcessLeavesGrantInDoubt"},
		{"see no doubt in a lease that was left behind", "refresh.go", "r.State == token.InDoubt || r.Lease.Attempt != \"\"", "r.State == token.InDoubt", "TestLookAgainBeforeTheClaim"},
		{"wait for the expiry of a token that has none", "schedule.go", "case (r.Token.Expiry.IsZero() || bare(r.Token)) && !r.NotBefore.After(now)", "case false && !r.NotBefore.After(now)", "TestDoubtWithoutAnExpiryIsTriedAgain"},

		// The storage is down after the provider rotated.
		{"lose what cannot be stored", "commit.go", "f.k.hold(ctx, f.key, h, err)\n\t\treturn r, nil", "return r, err", "TestStorageDownAfterRotation"},
		{"serve the spent one for the held one", "fresh.go", "if down || err == nil && same(r, h.spent) {", "if down {", "TestStorageDownAfterRotation"},
		{"serve nothing while the storage is down", "fresh.go", "if down || err == nil && same(r, h.spent) {", "if down && false || err == nil && same(r, h.spent) {", "TestStorageDownAfterRotation"},
		{"try to store it once more and no more", "hold.go", "if err == nil || never(err) {\n\t\t\treturn err\n\t\t}", "return err", "TestHeldSuccessorIsStoredByItself"},
		{"try to store it rarely", "hold.go", "func (c Config) lastRetry() time.Duration  { return c.lease() / 20 }", "func (c Config) lastRetry() time.Duration  { return c.lease() }", "TestStorageIsBackAfterALongOutage"},
		{"take over from who waits for the storage", "refresh.go", "return stood > length/5 && r.Now", "return r.Now", "TestStorageIsBackAfterALongOutage"},
		{"say nothing", "hold.go", "k.log(ctx, slog.LevelError, \"refreshed token not stored: serving it from memory\", key, h.next, slog.Any(\"error\", err))", "", "TestStorageDownAfterRotation"},
		{"go on for ever with what can never be stored", "hold.go", "return errors.Is(err, token.ErrTooLarge) || errors.Is(err, token.ErrKey)", "return false", "TestSuccessorThatCanNeverBeStored"},
		{"shut down without storing", "hold.go", "case <-closing: // at once, and then often", "case <-closing:\n\t\t\tif true {\n\t\t\t\treturn nil\n\t\t\t}", "TestShutdownStoresWhatIsHeld"},
		{"shut down without waiting", "flight.go", "case <-idle:\n\t\treturn nil", "default:\n\t\treturn nil", "TestShutdownWaitsForRefreshes"},

		// A lease runs out; clocks differ.
		{"believe our own clock", "refresh.go", "f.offset = time.Until(r.Now)", "", "TestLeaseIsByTheEnginesClock"},
		{"have no patience with the engine's clock", "refresh.go", "r.Now.After(r.Lease.Until.Add(length/10))", "r.Now.After(r.Lease.Until)", "TestNoTakeoverBeforeTheLeaseIsOver"},
		{"believe the holder's clock", "refresh.go", "return stood > length+length/10", "return time.Now().After(r.Lease.Until)", "TestNoTakeoverBeforeTheLeaseIsOver"},
		{"count one lease's time for the next", "refresh.go", "if w.attempt != r.Lease.Attempt {", "if w.attempt == \"\" {", "TestEachLeaseIsWatched"},

		// A stale cache; a 401.
		{"renew by what a cache has", "fresh.go", "load = k.shared.Load", "", "TestRenew"},
		{"renew what another has renewed", "fresh.go", "case rejected != nil && r.Token.AccessToken != rejected.AccessToken:", "case false:", "TestRenew"},
		{"renew what is young", "fresh.go", "|| time.Since(r.Since) < youth", "", "TestRenew"},
		{"renew what is dead", "fresh.go", "case r.State == token.Reauthorize:\n\t\treturn token.Record{}, refreshError(key, ErrReauthorize)", "case false:\n\t\treturn token.Record{}, nil", "TestRefusedGrantIsMarkedOnce"},
		{"have who was refused wait with the others", "flight.go", "if err != nil && forced && !f.forced && ctx.Err() == nil {", "if false {", "TestRenew"},

		// invalid_grant.
		{"mark what another has refreshed", "send.go", "case !same(stored, claimed):\n\t\t\treturn stored, nil\n", "", "TestRefusedAfterAnotherWon"},
		{"mark what another is trying", "send.go", "case stored.Lease.Attempt != \"\" && stored.Lease.Attempt != claimed.Lease.Attempt:", "case false:", "TestRefusedWhileAnotherTriesIsNotMarked"},
		{"mark twice", "send.go", "case stored.State == token.Reauthorize:\n\t\t\treturn token.Record{}, dead\n", "", "TestRefusedAfterAnotherMarked"},
		{"mark nothing", "send.go", "case Refused:\n\t\treturn f.refused(ctx, claimed, failure)\n", "case Refused:\n", "TestRefusedGrantIsMarkedOnce"},
		{"mark once and give up", "send.go", "case !errors.Is(err, token.ErrConflict):\n\t\t\tf.k.log(ctx, slog.LevelError, \"dead grant not marked\", f.key, r", "default:\n\t\t\tf.k.log(ctx, slog.LevelError, \"dead grant not marked\", f.key, r", "TestConflictsAreNotTriedAgainAtOnce"},
		{"try to mark again at once", "send.go", "again.wait(own) // if own ends, the load says so", "_ = again", "TestConflictsAreNotTriedAgainAtOnce"},
		{"tell nobody that a grant is dead", "send.go", "hook := f.k.c.Reauthorize; hook != nil", "hook := f.k.c.Reauthorize; false", "TestRefusedGrantIsMarkedOnce"},
		{"ask again and again for what is dead", "schedule.go", "case r.State == token.Reauthorize:\n\t\treturn login\n", "", "TestDeadGrantIsNeverTried"},
		{"spend what is dead", "refresh.go", "r.State == token.Reauthorize || !f.k.renewable", "!f.k.renewable", "TestLookAgainBeforeTheClaim"},

		// The registration is wrong.
		{"change the record of whom it befell", "send.go", "f.leave(ctx, claimed, before)", "f.postpone(ctx, claimed, failure)", "TestMisconfiguredChangesNoRecord"},
		{"call on and on", "backoff.go", "k.brakes[key.Provider] = brake{until: time.Now().Add(f.RetryAfter), failure: f, key: key, all: all}", "_ = all", "TestMisconfiguredChangesNoRecord"},
		{"brake all for one", "backoff.go", "all := ok && !b.answered && (b.all || b.key != key)", "all := true || ok || b.all", "TestBrakes"},
		{"brake each alone", "backoff.go", "all := ok && !b.answered && (b.all || b.key != key)", "all := false && ok && b.all", "TestBrakes"},
		{"brake all though others are answered", "backoff.go", "b.all, b.answered = false, true", "b.all = false", "TestBrakes"},
		{"brake for ever", "backoff.go", "if !ok || left <= 0 ||", "if !ok ||", "TestMisconfiguredChangesNoRecord"},
		{"load at each call ahead of the expiry", "fresh.go", "if k.braked(key) == nil {", "if true {", "TestBrakes"},

		// 429, and not sent.
		{"let the others call", "send.go", "r.NotBefore = stamp(f.now().Add(wait))", "", "TestLimitedMakesEveryProcessWait"},
		{"call before the time", "refresh.go", "if left := r.NotBefore.Sub(f.now()); left > 0 {", "if left := r.NotBefore.Sub(f.now()); false {", "TestLimitedMakesEveryProcessWait"},
		{"put off by our own clock", "send.go", "stamp(f.now().Add(wait))", "stamp(time.Now().Add(wait))", "TestLimitedMakesEveryProcessWait"},
		{"wait by our own clock", "refresh.go", "r.NotBefore.Sub(f.now()); left > 0", "time.Until(r.NotBefore); left > 0", "TestLimitedMakesEveryProcessWait"},
		{"wait as long as one likes", "backoff.go", "wait = max(wait, min(failure.RetryAfter, maxWait))", "", "TestLimitedMakesEveryProcessWait"},
		{"doubt what was not sent", "send.go", "failure.Kind == Doubtful && r.State == token.Active", "r.State == token.Active", "TestUnsentIsNotInDoubt"},
		{"stay away after an answer", "commit.go", "r.Lease, r.NotBefore = token.Lease{}, time.Time{}", "r.Lease = token.Lease{}", "TestUnsentIsNotInDoubt"},

		// 5xx, time-out, truncated.
		{"doubt nothing", "send.go", "r.State, r.Since = token.InDoubt, stamp(time.Now())\n\t}\n\twait", "r.Since = stamp(time.Now())\n\t}\n\twait", "TestUnansweredIsInDoubtAndNeverDead"},
		{"bury what is in doubt", "send.go", "case Refused:\n", "case Refused, Doubtful:\n", "TestUnansweredIsInDoubtAndNeverDead"},
		{"try every five seconds", "backoff.go", "wait = min(max(doubt, doubtWait), maxDoubt)", "wait = doubtWait", "TestUnansweredIsInDoubtAndNeverDead"},
		{"try ever more rarely", "backoff.go", "wait = min(max(doubt, doubtWait), maxDoubt)", "wait = max(doubt, doubtWait)", "TestUnansweredIsInDoubtAndNeverDead"},
		{"know what an error of no kind is", "failure.go", "return &Failure{Kind: Doubtful, Err: err}", "return &Failure{Kind: Unsent, Err: err}", "TestErrorOfNoKindIsDoubtful"},

		// A logout.
		{"delete without burying", "drop.go", "if err := bury(ctx, s, key, stored.Version, dead); !errors.Is(err, token.ErrConflict) {", "if err := error(nil); !errors.Is(err, token.ErrConflict) {", "TestLogoutJustAfterARefresh"},
		{"revoke what was stored first", "drop.go", "case revoked.Token == nil || !same(r, revoked):", "case revoked.Token == nil:", "TestDropRevokesWhatWasStoredMeanwhile"},
		{"revoke the spent one of the held one", "drop.go", "h != nil && same(stored, h.spent)", "false", "TestDropRevokesWhatIsHeld"},
		{"ask once for a revocation", "drop.go", "return k.tryRevoke(ctx, key, t)\n}", "return err\n}", "TestDrop"},
		{"keep what cannot be read", "drop.go", "failed := k.end(own, key, brought)\n", "failed := k.end(own, key, brought)\n\tif failed != nil {\n\t\treturn failed\n\t}\n", "TestDropDeletesWhatCannotBeRead"},

		// A browser's session.
		{"set the new one on one response alone", "browser.go", "case ok:\n\t\treturn k.set(ctx, key, newer)", "case ok:\n\t\treturn newer, nil", "TestParallelRequestsOfOneBrowserAllGetTheSuccessor"},
		{"remember nothing", "browser.go", "ok = s.r.Generation > r.Generation ||", "ok = false ||", "TestSiblingOfARenewalGetsTheSuccessor"},
		{"spend for a response that has begun", "browser.go", "if err := k.c.Storage.Set(ctx, key, r); err != nil {\n\t\treturn token.Record{}, refreshError(key, err)\n\t}\n", "", "TestNothingIsSpentAfterTheResponseHasBegun"},
		{"leave a lease where nobody shares it", "refresh.go", "claimed := r\n\tif f.k.shared != nil {", "claimed := r\n\tif true {", "TestKilledProcessLeavesNoLeaseWhereNobodySharesIt"},
		{"set what was logged out", "browser.go", "if s.gone || versionOf(s.r) != old {", "if versionOf(s.r) != old {", "TestSessionLogoutWhileRefreshing"},

		// Run.
		{"have all under way at once", "run.go", "for range k.c.parallel() {", "for range 1000 {", "TestRunSharesTheWork"},
		{"go in the same order everywhere", "run.go", "rand.Shuffle(len(due), func(i, j int) { due[i], due[j] = due[j], due[i] })", "_ = rand.Shuffle", "TestRunGoesInAnOrderOfItsOwn"},
		{"leave no provider alone", "paces.go", "return own != nil && time.Now().Before(own.until)", "return own != nil && false", "TestRunBacksOffPerProvider"},
		{"let grants die unused", "schedule.go", "if idle := k.c.traits(provider).Idle; idle > 0 {", "if false {\n\t\tidle := time.Duration(0)", "TestRunKeepsUnusedGrantsAlive"},
		{"refresh what is nobody's", "run.go", "&& k.check(\"refresh\", e.Key) == nil", "", "TestRunLeavesAloneWhatTheKeeperRefuses"},
		{"end with the storage", "run.go", "for pause(ctx, round/2+upTo(round/2)) {\n\t\tk.refreshDue(ctx, all, p)\n\t}", "for pause(ctx, round/2+upTo(round/2)) {\n\t\tfor _, err := range all.List(ctx, token.Filter{}) {\n\t\t\tif err != nil {\n\t\t\t\treturn err\n\t\t\t}\n\t\t}\n\t\tk.refreshDue(ctx, all, p)\n\t}", "TestRunOutlivesItsStorage"},
	}
}
