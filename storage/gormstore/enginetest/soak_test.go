//go:build soak

package enginetest_test

import (
	"testing"
	"time"
)

func TestSoakOneKey(t *testing.T) { onEachInProcesses(t, time.Minute) }
