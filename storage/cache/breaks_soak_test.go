//go:build soak

package cache_test

import (
	"testing"

	"github.com/waltz-oauth/waltz/internal/breaktest"
)

// TestSoakBreaks takes away what keeps old tokens out of a cache and the failures of its servers from its callers,
// one after another, and sees a test fail each time.
func TestSoakBreaks(t *testing.T) {
	breaktest.Run(t, ".", []breaktest.Break{
		{Name: "drop after a set", File: "cache.go", Old: "	defer s.Drop(ctx, key) // whatever Set says: it may have happened\n", New: "", Test: "TestWritesAreSeenAtOnce"},
		{Name: "drop after a delete", File: "cache.go", Old: "	defer s.Drop(ctx, key)\n	return s.next.Delete(ctx, key)", New: "	return s.next.Delete(ctx, key)", Test: "TestWritesAreSeenAtOnce"},
		{Name: "drop after the write and not before it", File: "cache.go", Old: "	defer s.Drop(ctx, key) // whatever", New: "	s.Drop(ctx, key) // whatever", Test: "TestWhatIsReadDuringAWriteIsDroppedAfterIt"},
		{Name: "drop from the backend", File: "cache.go", Old: "		s.backend.send(ctx, key)\n	}\n	s.memory", New: "		_ = ctx\n	}\n	s.memory", Test: "TestWhatIsReadDuringAWriteIsDroppedAfterIt"},
		{Name: "drop from the backend before memory", File: "cache.go", Old: "	if s.backend != nil {\n		s.backend.send(ctx, key)\n	}\n	s.memory.drop(key)", New: "	s.memory.drop(key)\n	if s.backend != nil {\n		s.backend.send(ctx, key)\n	}", Test: "TestBackendIsDroppedBeforeMemory"},
		{Name: "drop all when the bus was lost", File: "bus.go", Old: "		err := hear()\n		s.memory.dropAll()", New: "		err := hear()", Test: "TestLostSubscriptionDropsEverything"},
		{Name: "go on without a server that fails", File: "fetch.go", Old: "		if e, lease = s.recall(ctx, key); e != nil {", New: "		if s.backend.down {\n			return nil, false, errValue\n		}\n		if e, lease = s.recall(ctx, key); e != nil {", Test: "TestServerThatFailsIsLeftAloneForASecondAndLoggedOnceAMinute"},
	})
}
