package redisstore_test

import (
	"testing"

	"github.com/waltz-oauth/waltz/internal/enginetest"
	"github.com/waltz-oauth/waltz/storage/storagetest"
	"github.com/waltz-oauth/waltz/token"
)

func TestPromises(t *testing.T) {
	t.Parallel()
	s, _, _ := shared(t)
	storagetest.Run(t, func(*testing.T) token.Storage { return s })
}

func TestPromisesInACluster(t *testing.T) {
	t.Parallel()
	s := opened(t, enginetest.StartRedisCluster(t)[0].URL)
	storagetest.Run(t, func(*testing.T) token.Storage { return s })
}
