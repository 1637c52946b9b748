package sqlstore_test

import (
	"testing"

	"github.com/waltz-oauth/waltz/storage/storagetest"
	"github.com/waltz-oauth/waltz/token"
)

func TestPromises(t *testing.T) {
	on(t, func(t *testing.T, e engine) {
		s, _ := e.migrated(t)
		storagetest.Run(t, func(*testing.T) token.Storage { return s })
	})
}
