//go:build soak

package cache_test

import "testing"

func TestSoakPromisesWithABackend(t *testing.T) {
	for name, next := range nexts() {
		t.Run(name, func(t *testing.T) { promisesWithABackend(t, next) })
	}
}
