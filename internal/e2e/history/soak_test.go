//go:build soak

package history

import (
	"strings"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz/internal/e2e/engines"
)

func TestSoakHistories(t *testing.T) {
	p := plan{processes: 6, keys: 4, lasts: time.Minute, pause: 20 * time.Millisecond, deaths: 10 * time.Second}
	var rows []string
	for _, e := range engines.All() {
		t.Run(e.Name, func(t *testing.T) { rows = append(rows, p.follow(t, e)) })
	}
	t.Log("\n" + strings.Join(rows, "\n"))
}
