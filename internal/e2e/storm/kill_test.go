package storm

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz/internal/e2e/engines"
	"github.com/waltz-oauth/waltz/token"
	"github.com/waltz-oauth/waltz/waltztest"
)

// massacre says how a storm goes in which processes are killed.
type massacre struct {
	weather
	processes int
	every     time.Duration // a random process is killed, and another started
	kills     int           // at most
}

func TestKilledProcessesLoseNothing(t *testing.T) {
	t.Parallel()
	for _, e := range engines.All() {
		t.Run(e.Name, func(t *testing.T) {
			t.Parallel()
			m := massacre{
				weather:   weather{grants: 60, lease: 2 * time.Second, slow: 150 * time.Millisecond},
				processes: 2, every: 200 * time.Millisecond, kills: 5,
			}
			t.Log(m.mild(t, e))
		})
	}
}

// mild is with a provider whose refresh token works until its successor is used: nothing is lost.
func (m massacre) mild(t *testing.T, e engines.Engine) string {
	t.Helper()
	m.rotation = waltztest.RotateOnUse
	f := newField(t, e, m.weather)
	start := time.Now()
	killed := m.run(f)
	whole, calls := time.Since(start), f.provider.Calls(waltztest.Refresh)
	dead := f.lost(0)
	if len(dead) > 0 {
		t.Errorf("%d grants are lost", len(dead))
	}
	return fmt.Sprintf("%-8s %d processes, %d grants, %d killed, %d token calls, %d lost, %v", e.Name,
		m.processes, m.grants, len(killed), calls, len(dead), whole.Round(time.Millisecond))
}

// run has processes work, kills some, and returns when those were killed.
func (m massacre) run(f *field) (killed map[string]time.Time) {
	f.t.Helper()
	killed = make(map[string]time.Time)
	all := make([]*process, m.processes)
	for i := range all {
		all[i] = f.start()
	}
	for range m.kills {
		time.Sleep(m.every)
		if f.done() {
			break
		}
		i := rand.IntN(len(all))
		if at, ok := f.kill(all[i]); ok {
			killed[all[i].name] = at
		}
		all[i] = f.start()
	}
	for _, p := range all {
		f.report(p)
	}
	if len(killed) == 0 {
		f.t.Error("nobody was killed")
	}
	// A last one sees to what the dead have left.
	f.report(f.start())
	return killed
}

// done reports whether every grant was refreshed, or is lost.
func (f *field) done() bool {
	f.t.Helper()
	n := 0
	for e, err := range f.storage.List(f.t.Context(), token.Filter{}) {
		if err != nil {
			f.t.Fatal(err)
		}
		if e.Record.Generation > 0 || e.Record.State == token.Reauthorize {
			n++
		}
	}
	return n == f.job.Grants
}
