package storm

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz/internal/e2e/engines"
	"github.com/waltz-oauth/waltz/waltztest"
)

// TestStormRefreshesEachGrantOnce has processes ask for every token at once, all of them expired, of a
// provider whose refresh tokens work once and which ends a grant when one comes twice.
func TestStormRefreshesEachGrantOnce(t *testing.T) {
	t.Parallel()
	for _, e := range engines.All() {
		t.Run(e.Name, func(t *testing.T) {
			t.Parallel()
			t.Log(storm(t, e, 3, 40))
		})
	}
}

// storm returns a row of the table that head is the head of.
func storm(t *testing.T, e engines.Engine, processes, grants int) string {
	t.Helper()
	f := newField(t, e, weather{grants: grants, rotation: waltztest.RotateStrict, lease: time.Minute})
	// They begin together, or the first to start would have refreshed the most before the last is there.
	const starting = 100 * time.Millisecond
	f.job.Begin = time.Now().Add(time.Duration(processes) * starting)
	all := make([]*process, processes)
	for i := range all {
		all[i] = f.start()
	}
	var took []time.Duration
	for _, p := range all {
		r := f.report(p)
		took = append(took, r.Took...)
		if r.Lost > 0 {
			t.Errorf("a process was told of %d grants that they are lost", r.Lost)
		}
	}
	whole := time.Since(f.job.Begin)
	calls := f.provider.Calls(waltztest.Refresh)
	if calls != grants {
		t.Errorf("%d token calls for %d grants", calls, grants)
	}
	dead := f.lost(1)
	if len(dead) > 0 {
		t.Errorf("%d grants are lost", len(dead))
	}
	if len(took) != processes*grants {
		t.Errorf("%d tokens were given, want %d", len(took), processes*grants)
		return ""
	}
	slices.Sort(took)
	p := func(part float64) time.Duration {
		return took[int(part*float64(len(took)-1))].Round(10 * time.Microsecond)
	}
	return fmt.Sprintf(row, e.Name, processes, f.records.senders(), grants, calls, len(dead), whole.Round(10*time.Millisecond), p(0.5), p(0.99))
}

const (
	head = "| engine   | processes | that refreshed | grants | token calls | logged out | took       | median    | p99       |"
	row  = "| %-8s | %9d | %14d | %6d | %11d | %10d | %10v | %9v | %9v |"
)
