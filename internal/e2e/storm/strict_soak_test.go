//go:build soak

package storm

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz/internal/e2e/engines"
	"github.com/waltz-oauth/waltz/waltztest"
)

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

// of returns who spent a refresh token, in the order in which they came.
func (r *recorder) of(refreshToken string) []*spent {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.all[sha256.Sum256([]byte(refreshToken))]
}
