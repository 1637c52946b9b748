package cache_test

import (
	"testing"

	"github.com/waltz-oauth/waltz/internal/breaktest"
)

// TestSoakBreaks has more.
func TestOldTokenThatIsPutBackIsNoticed(t *testing.T) {
	t.Parallel()
	breaktest.Run(t, ".", []breaktest.Break{
		{Name: "keep only what the key's own flight brings", File: "memory.go", Old: "	if m.flights[key] == f {", New: "	if m.flights[key] == f || f.keep {", Test: "TestSlowReaderPutsNoOldTokenBack"},
	})
}
