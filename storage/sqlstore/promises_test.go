package sqlstore_test

import (
	"testing"

	"github.com/waltz-oauth/waltz/storage/storagetest"
	"github.com/waltz-oauth/waltz/token"
)

func TestPromises(t *testing.T) {
	t.Parallel()
	for _, e := range []engine{postgresEngine, mysqlEngine} { // package sqlite has a test of its own
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			s, _ := e.migrated(t)
			storagetest.Run(t, func(*testing.T) token.Storage { return s })
		})
	}
}
