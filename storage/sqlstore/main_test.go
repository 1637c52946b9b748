package sqlstore_test

import (
	"testing"

	"go.uber.org/goleak"
)

// What tests have closed leaves no goroutine, in all.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
