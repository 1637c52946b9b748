//go:build soak

package storm

import (
	"testing"

	"github.com/waltz-oauth/waltz/internal/breaktest"
)

// TestSoakBreaks breaks the keeper on purpose, and sees the storms notice.
func TestSoakBreaks(t *testing.T) {
	breaktest.Run(t, ".", []breaktest.Break{
		{
			Name: "a claim is written", File: "../../../keeper/refresh.go",
			Old: "v, err := f.store.Swap(ctx, f.key, r.Version, claimed)", New: "v, err := r.Version, ctx.Err()",
			Test: "TestStormRefreshesEachGrantOnce/sqlite",
		},
		{
			Name: "what the dead claimed is tried again", File: "../../../keeper/refresh.go",
			Old: "return f.k.braked(f.key)", New: `if r.Lease.Attempt != "" {
		return ErrReauthorize
	}
	return f.k.braked(f.key)`,
			Test: "TestKilledProcessesLoseNothing/sqlite",
		},
		{
			Name: "a claim is waited for", File: "../../../keeper/refresh.go",
			Old: "if r.Lease.Attempt != \"\" && !other.over(r, f.k.c.lease()) {", New: "if false {",
			Test: "TestStormRefreshesEachGrantOnce/sqlite",
		},
		{
			Name: "a commit is written", File: "../../../keeper/commit.go",
			Old: "stored.Version, err = h.store.Swap(ctx, key, version, h.next)", New: "stored.Version, err = version, ctx.Err()",
			Test: "TestKilledProcessesLoseNothing/sqlite",
		},
	})
}
