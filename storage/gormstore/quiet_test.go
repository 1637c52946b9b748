package gormstore

import (
	"testing"

	"gorm.io/gorm"
	"gorm.io/gorm/logger"
)

// Debug in a hook would otherwise have the values logged.
func TestLoggerStaysQuietAtAnyLevel(t *testing.T) {
	t.Parallel()
	filter, ok := quiet{logger.Discard}.LogMode(logger.Info).(gorm.ParamsFilter)
	if !ok {
		t.Fatal("it is a logger that is told values")
	}
	if _, values := filter.ParamsFilter(t.Context(), "SELECT ?", "fake-secret"); len(values) != 0 {
		t.Errorf("it is told %d values", len(values))
	}
}
