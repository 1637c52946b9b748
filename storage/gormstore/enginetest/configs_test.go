package enginetest_test

import (
	"testing"

	"gorm.io/gorm"
	"gorm.io/gorm/logger"
	"gorm.io/plugin/dbresolver"

	"github.com/waltz-oauth/waltz/storage/gormstore"
)

// What an application sets up in GORM for itself changes no promise.
func TestPromisesInAnotherConfiguration(t *testing.T) {
	t.Parallel()
	db := database(t, openSQLite(t), gorm.Config{
		PrepareStmt:              true,
		SkipDefaultTransaction:   true,
		QueryFields:              true,
		TranslateError:           true,
		FullSaveAssociations:     true,
		DisableNestedTransaction: true,
	})
	promises(t, migrated[ByString](t, db))
}

// Conditions that stand on the database that New is given are not those of the storage.
func TestConditionsOfTheCallerAreForgotten(t *testing.T) {
	t.Parallel()
	db := database(t, openSQLite(t), gorm.Config{})
	migrated[Account](t, db)
	s, err := gormstore.New[Account](db.Where("note = ?", "none").Limit(0).Unscoped())
	check(t, err)
	set(t, s, github, record("a"))
	load(t, s, github)
}

func TestLoadAsksNoReplica(t *testing.T) {
	t.Parallel()
	db := database(t, openSQLite(t), gorm.Config{})
	s := migrated[Account](t, db)
	set(t, s, github, record("source"))
	replica, err := gorm.Open(openSQLite(t), &gorm.Config{NamingStrategy: db.NamingStrategy, Logger: logger.Discard})
	check(t, err)
	t.Cleanup(func() {
		if pool, err := replica.DB(); err == nil {
			_ = pool.Close()
		}
	})
	set(t, migrated[Account](t, replica), github, record("replica"))

	check(t, db.Use(dbresolver.Register(dbresolver.Config{Replicas: []gorm.Dialector{replica.Dialector}})))
	if r, err := s.Get(t.Context(), github); err != nil || r.Token.AccessToken != "fake-replica" {
		t.Errorf("Get: got %v, %v", r, err)
	}
	if got := load(t, s, github).Token.AccessToken; got != "fake-source" {
		t.Errorf("Load: the token is %q", got)
	}
	if _, err := s.Swap(t.Context(), github, load(t, s, github).Version, record("b")); err != nil {
		t.Error(err)
	}
}
