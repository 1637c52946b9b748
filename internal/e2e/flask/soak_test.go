//go:build soak

package flask

import "testing"

func TestSoakTenThousandRowsMoveFromFlaskDanceAndBack(t *testing.T) { moveAndBack(t, 10_000) }

func TestSoakBothSidesServePeopleAtOnce(t *testing.T) { atOnce(t, 50) }
