package gormstore

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"gorm.io/gorm"
)

// ErrSchema is what [Storage.Check] finds wrong; match with [errors.Is].
var ErrSchema = errors.New("table is not as its model says")

// Migrate is db.AutoMigrate of the model, for several processes that do it at once; in one process it is
// called once at a time, since some drivers of GORM allow no more. It makes the table
// and the columns and indexes that it lacks, and those of the models that it belongs to.
func (s *Storage[M]) Migrate(ctx context.Context) error {
	var err error
	// Of several that migrate at once, those that come second fail where the first has been before
	// them, and find all done when they look again.
	const tries = 6
	for try := range tries {
		if err = s.autoMigrate(s.on(ctx)); err == nil || ctx.Err() != nil {
			break
		}
		select {
		case <-time.After(10 * time.Millisecond << try):
		case <-ctx.Done():
		}
	}
	if err != nil {
		return fmt.Errorf("gormstore: migrate %v: %w", reflect.TypeFor[M](), err)
	}
	return s.Check(ctx)
}

// autoMigrate is db.AutoMigrate, on SQLite in one transaction: what GORM finds half made there, it makes anew
// as a table without indexes, also under those who use it.
func (s *Storage[M]) autoMigrate(db *gorm.DB) error {
	if !s.dialect.oneWriter {
		return db.AutoMigrate(new(M))
	}
	return db.Transaction(func(tx *gorm.DB) error { return tx.AutoMigrate(new(M)) })
}

// Check reports whether the table is there, has the columns of [Token], and a unique index on provider,
// owner and account: without one, two rows could be made for one key. It returns [ErrSchema] where it
// is not, and changes nothing. A program that makes the table by other means calls it at its start.
func (s *Storage[M]) Check(ctx context.Context) error {
	if err := s.check(s.on(ctx)); err != nil {
		return fmt.Errorf("gormstore: model %v: %w", reflect.TypeFor[M](), err)
	}
	return nil
}

func (s *Storage[M]) check(db *gorm.DB) error {
	c := s.columns
	key := []string{c.provider.DBName, c.owner.DBName, c.account.DBName}
	names := key
	for _, f := range append(c.written(), c.deleted...) {
		names = append(names, f.DBName)
	}
	if err := probe(db.Model(new(M)).Select(names).Where("1 = 0")); err != nil {
		return fmt.Errorf("%w: %w", ErrSchema, err)
	}
	indexes, err := db.Migrator().GetIndexes(new(M))
	if err != nil {
		return err
	}
	for _, index := range indexes {
		unique, _ := index.Unique()
		columns := slices.Sorted(slices.Values(index.Columns()))
		if unique && slices.Equal(columns, slices.Sorted(slices.Values(key))) {
			return nil
		}
	}
	return fmt.Errorf("%w: it has no unique index on (%s, %s, %s)", ErrSchema, key[0], key[1], key[2])
}

// probe runs a query of which only whether it can be run is of interest.
func probe(query *gorm.DB) error {
	rows, err := query.Rows()
	if err != nil {
		return err
	}
	defer rows.Close()
	return rows.Err()
}
