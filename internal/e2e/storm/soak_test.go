//go:build soak

package storm

import (
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz/internal/e2e/engines"
)

// number is a size that the environment may set.
func number(t *testing.T, variable string, usual int) int {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return usual
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func size(t *testing.T) (processes, grants int) {
	return number(t, "WALTZ_SOAK_PROCESSES", 32), number(t, "WALTZ_SOAK_GRANTS", 1000)
}

func TestSoakStorm(t *testing.T) {
	rows := []string{head}
	processes, grants := size(t)
	for _, e := range engines.All() {
		t.Run(e.Name, func(t *testing.T) { rows = append(rows, storm(t, e, processes, grants)) })
	}
	t.Log("\n" + strings.Join(rows, "\n"))
}

func TestSoakKilledProcesses(t *testing.T) {
	processes, grants := size(t)
	m := massacre{
		weather:   weather{grants: grants, lease: 10 * time.Second, slow: 2 * time.Second},
		processes: processes, every: 200 * time.Millisecond, kills: number(t, "WALTZ_SOAK_KILLS", 200),
	}
	for _, provider := range []struct {
		name string
		run  func(*testing.T, engines.Engine) string
	}{{"mild", m.mild}, {"strict", m.strict}} {
		var rows []string
		for _, e := range engines.All() {
			t.Run(provider.name+"/"+e.Name, func(t *testing.T) { rows = append(rows, provider.run(t, e)) })
		}
		t.Log("\n" + provider.name + " provider\n" + strings.Join(rows, "\n"))
	}
}

func TestSoakOneConnection(t *testing.T) {
	const refreshes, slow = 200, 10 * time.Second
	t.Log(oneConnection(t, refreshes, slow))
}
