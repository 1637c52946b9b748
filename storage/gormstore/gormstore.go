// Package gormstore keeps tokens in the application's own GORM model.
//
// The application embeds [Token] in a struct that has what else it wants: a primary key, a relation
// to its user, columns of its own.
//
//	type OAuth struct {
//		gorm.Model
//		gormstore.Token
//		UserID *uint
//		User   *User
//		Note   string
//	}
//
//	tokens, err := gormstore.New[OAuth](db)
//
// The storage writes the columns of Token, and those that GORM itself keeps (CreatedAt, UpdatedAt,
// DeletedAt). All others are the application's: they have their zero values or defaults in a new row,
// UserID apart, and no later write touches them. The other way round, db.Save of a row leaves the
// token alone, so that a row which was read before a refresh cannot bring the old token back.
//
// A model with a gorm.DeletedAt is deleted softly: [Storage.Delete] blanks the token and marks
// the row, and [Storage.Set] brings it back, with the application's columns as they were.
//
// Hooks of the model fire as they do for any other row: those of create for Set, also where it
// replaces a token, those of update for Swap, and those of delete for Delete. The value that they are
// called on has the columns of Token, in create UserID too, and nothing else; what a hook sets in it is
// stored where a row is made and not later. A hook writes with the tx that it is given: the storage
// itself would wait for it. Reading a token fires no hook, since no model is made of it.
//
// GORM's logger sees the statements of a storage without their values. Plugins see them with
// their values.
package gormstore

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	"gorm.io/gorm"

	"github.com/waltz-oauth/waltz/token"
)

// Storage keeps tokens in the table of M. Its errors are [*token.Error]. Keys are kept byte for byte;
// one with a part of more than 255 bytes is refused with [token.ErrKey], and so is a user whose id is
// none for M's UserID.
type Storage[M any] struct {
	db      *gorm.DB
	dialect dialect
	columns columns
	tx      bool          // db is a transaction of the caller's
	writer  chan struct{} // holds one value while someone writes; nil: any number may
}

var (
	_ token.Versioned = (*Storage[struct{}])(nil)
	_ token.Lister    = (*Storage[struct{}])(nil)
)

// New returns a storage in the table of M, a struct that embeds [Token]. It does not touch the
// database: see [Storage.Migrate] and [Storage.Check]. It is an error where M is no such struct, where
// one column is that of two fields, and where the engine is not SQLite, PostgreSQL, MariaDB or MySQL.
//
// Within a transaction of the application's own, New of the transaction returns a storage that is
// part of it and ends with it, so that a new user and its token commit together. What it wrote is not
// seen by others, such as caches, before that.
//
// SQLite wants WAL, a busy time-out and immediate transactions, as sqlite.OpenDB of
// storage/sqlstore/sqlite has them.
func New[M any](db *gorm.DB) (*Storage[M], error) {
	model := reflect.TypeFor[M]()
	if db == nil || db.Statement == nil {
		return nil, errors.New("gormstore: no database given")
	}
	if db.Error != nil {
		return nil, fmt.Errorf("gormstore: model %v: %w", model, db.Error)
	}
	d, err := dialectOf(db)
	if err != nil {
		return nil, err
	}
	c, err := columnsOf[M](db)
	if err != nil {
		return nil, fmt.Errorf("gormstore: model %v: %w", model, err)
	}
	s := &Storage[M]{db: db.Session(&gorm.Session{NewDB: true, Logger: quiet{db.Logger}}), dialect: d, columns: c}
	_, s.tx = db.Statement.ConnPool.(gorm.TxCommitter)
	if d.oneWriter && !s.tx {
		s.writer = make(chan struct{}, 1)
	}
	return s, nil
}

// Reach reports how far the table is seen: on SQLite by this host, otherwise by every client of the
// engine.
func (s *Storage[M]) Reach() token.Reach { return s.dialect.reach }

// on returns the database for one call. Without NewDB the conditions that the caller's had would be in
// every statement.
func (s *Storage[M]) on(ctx context.Context) *gorm.DB {
	return s.db.Session(&gorm.Session{NewDB: true, Context: ctx})
}
