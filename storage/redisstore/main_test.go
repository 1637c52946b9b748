package redisstore_test

import (
	"os"
	"testing"

	"github.com/redis/go-redis/v9/logging"
)

func TestMain(m *testing.M) {
	logging.Disable() // which tells of every connection that a test makes fail
	os.Exit(m.Run())
}
