//go:build soak

package e2e

import "testing"

func TestSoakKeysRotate(t *testing.T) {
	const rows = 100_000
	t.Log(rotates(t, rows))
}
