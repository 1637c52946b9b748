//go:build soak

package history

import (
	"testing"

	"github.com/waltz-oauth/waltz/internal/breaktest"
)

// TestSoakBreaks breaks storages on purpose, and sees in what processes did that they are no longer one.
func TestSoakBreaks(t *testing.T) {
	breaktest.Run(t, ".", []breaktest.Break{
		{
			Name: "files are locked", File: "../../../storage/filestore/lock.go",
			Old: "if _, err := l.TryLockContext(ctx, poll); err != nil {", New: "if err := ctx.Err(); err != nil {",
			Test: "TestWhatProcessesSeeCouldBeOneStorage/file",
		},
		{
			Name: "SQL swaps by version", File: "../../../storage/sqlstore/statements.go",
			Old: `atKey + " AND version = ?"`, New: `atKey + " AND ? <> ''"`,
			Test: "TestWhatProcessesSeeCouldBeOneStorage/sqlite",
		},
	})
}
