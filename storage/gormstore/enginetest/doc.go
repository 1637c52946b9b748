// Package enginetest tests storage/gormstore on real engines. It is a module of its own, so that GORM's
// drivers enter nobody's go.sum.
package enginetest
