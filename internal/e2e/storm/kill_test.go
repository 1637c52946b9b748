package storm

import (
	"fmt"
	"math/rand/v2"
	"slices"
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
	dead := f.lost(0)
	if len(dead) > 0 {
		t.Errorf("%d grants are lost", len(dead))
	}
	return fmt.Sprintf("%-8s %d processes, %d grants, %d killed, %d token calls, %d lost, %v", e.Name,
		m.processes, m.grants, len(killed), f.provider.Calls(waltztest.Refresh), len(dead), time.Since(start).Round(time.Millisecond))
}

// strict is with a provider whose refresh tokens work once: what is lost is what a process was killed
// with between sending the refresh token and storing its successor.
func (m massacre) strict(t *testing.T, e engines.Engine) string {
	t.Helper()
	m.rotation = waltztest.RotateStrict
	f := newField(t, e, m.weather)
	killed := m.run(f)
	dead := f.lost(0)
	line := fmt.Sprintf("%-8s %d processes, %d grants, %d killed, %d lost", e.Name, m.processes, m.grants, len(killed), len(dead))
	var windows []time.Duration
	for _, i := range dead {
		r, err := f.storage.Load(t.Context(), key(i))
		if err != nil {
			t.Fatal(err)
		}
		by := f.records.of(r.Token.RefreshToken)
		if len(by) == 0 {
			t.Errorf("%s is lost, and its refresh token never came to the provider", user(i))
			continue
		}
		first := by[0]
		death, was := killed[first.process]
		after := death.Sub(first.answered) // below zero where what it had sent was still on its way
		if !was || after > m.slow+m.lease/2 {
			t.Errorf("%s is lost, though who sent its refresh token lived on: killed is %t, %v after the answer", user(i), was, after)
			continue
		}
		windows = append(windows, after)
	}
	if len(windows) == 0 {
		return line
	}
	slices.Sort(windows)
	return line + fmt.Sprintf(", all between sending and storing: killed %v to %v after the provider had answered, which takes %v to come",
		windows[0].Round(time.Millisecond), windows[len(windows)-1].Round(time.Millisecond), m.slow)
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
		i := rand.IntN(len(all))
		p := all[i]
		if err := p.cmd.Process.Kill(); err != nil {
			continue // it is done
		}
		at := time.Now()
		if err := p.cmd.Wait(); err == nil {
			continue // it was, just before
		}
		killed[p.id()] = at
		if f.done() {
			all = append(all[:i], all[i+1:]...)
			break
		}
		all[i] = f.start()
	}
	for _, p := range all {
		if p.cmd.ProcessState == nil {
			f.report(p)
		}
	}
	if len(killed) == 0 {
		f.t.Error("nobody was killed")
	}
	// A last one sees to what the dead have left.
	f.report(f.start())
	return killed
}

// done reports whether every grant was refreshed.
func (f *field) done() bool {
	f.t.Helper()
	n := 0
	for e, err := range f.storage.List(f.t.Context(), token.Filter{}) {
		if err != nil {
			f.t.Fatal(err)
		}
		if e.Record.Generation > 0 {
			n++
		}
	}
	return n == f.job.Grants
}
