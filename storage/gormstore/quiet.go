package gormstore

import (
	"context"

	"gorm.io/gorm/logger"
)

// quiet is a logger that is not told the values in a statement, which are tokens.
type quiet struct{ logger.Interface }

// LogMode is what db.Debug calls, in a hook for instance.
func (q quiet) LogMode(l logger.LogLevel) logger.Interface { return quiet{q.Interface.LogMode(l)} }

// ParamsFilter implements [gorm.io/gorm.ParamsFilter].
func (quiet) ParamsFilter(_ context.Context, sql string, _ ...any) (string, []any) { return sql, nil }
