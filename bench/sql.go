package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"os"
	"path/filepath"

	"gorm.io/driver/sqlite"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/logger"

	"github.com/waltz-oauth/waltz/storage/sqlstore"
	waltzsqlite "github.com/waltz-oauth/waltz/storage/sqlstore/sqlite"
	"github.com/waltz-oauth/waltz/token"
)

func sqliteGetRow() row {
	return row{name: "sqlstore Get, SQLite", limit: "the prepared statement on the same driver, decoded", most: 1.1, sides: func(ctx context.Context, s *stage) ([]side, error) {
		key := benchKey()
		t, err := newTable(ctx, s)
		if err != nil {
			return nil, err
		}
		get, err := t.db.PrepareContext(ctx, //nolint:sqlclosecheck // the stage closes it
			`SELECT token, record, version FROM "waltz_tokens" WHERE provider = ? AND user_id = ? AND account = ?`)
		if err != nil {
			return nil, err
		}
		s.after(get.Close)
		return []side{
			{"database/sql by hand", func() error {
				var secret, record []byte
				var version string
				row := get.QueryRowContext(ctx, []byte(key.Provider), []byte(key.User), []byte(key.Account))
				if err := row.Scan(&secret, &record, &version); err != nil {
					return err
				}
				return decoded(secret, record)
			}},
			{"waltz", func() error { _, err := t.waltz.Get(ctx, key); return err }},
			{"GORM by hand", func() error {
				var r gormRow
				if err := t.gorm.WithContext(ctx).Where("provider = ? AND owner = ? AND account = ?", key.Provider, key.User, "").Take(&r).Error; err != nil {
					return err
				}
				return decoded([]byte(r.Token), []byte(r.Record))
			}},
		}, nil
	}}
}

func sqliteSetRow() row {
	return row{name: "sqlstore Set, SQLite", limit: "the prepared upsert on the same driver, encoded", most: 1.15, sides: func(ctx context.Context, s *stage) ([]side, error) {
		key := benchKey()
		t, err := newTable(ctx, s)
		if err != nil {
			return nil, err
		}
		set, err := t.db.PrepareContext(ctx, //nolint:sqlclosecheck // the stage closes it
			`INSERT INTO "waltz_tokens" (token, record, version, subject, due_at, provider, user_id, account) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (provider, user_id, account) DO UPDATE SET token = excluded.token, record = excluded.record, version = excluded.version, subject = excluded.subject, due_at = excluded.due_at`)
		if err != nil {
			return nil, err
		}
		s.after(set.Close)
		return []side{
			{"database/sql by hand", func() error {
				secret, record, err := encoded(t.record)
				if err != nil {
					return err
				}
				_, err = set.ExecContext(ctx, secret, record, rand.Text(), nil, nil, []byte(key.Provider), []byte(key.User), []byte(key.Account))
				return err
			}},
			{"waltz", func() error { return t.waltz.Set(ctx, key, t.record) }},
			{"GORM by hand", func() error {
				secret, record, err := encoded(t.record)
				if err != nil {
					return err
				}
				return t.gorm.WithContext(ctx).Clauses(clause.OnConflict{
					Columns:   []clause.Column{{Name: "provider"}, {Name: "owner"}, {Name: "account"}},
					DoUpdates: clause.AssignmentColumns([]string{"token", "record", "version"}),
				}).Create(&gormRow{Provider: key.Provider, Owner: key.User, Token: secret, Record: record, Version: rand.Text()}).Error
			}},
		}, nil
	}}
}

// gormRow is what a program of GORM's would have without gormstore.
type gormRow struct {
	Provider string `gorm:"primaryKey"`
	Owner    string `gorm:"primaryKey"`
	Account  string `gorm:"primaryKey"`
	Token    string
	Record   string
	Version  string
}

type table struct {
	db     *sql.DB
	waltz  *sqlstore.Storage
	gorm   *gorm.DB
	record token.Record
}

// newTable has two files of SQLite, since GORM has another driver than waltz. Neither waits for the disk, which
// would be all that is measured.
func newTable(ctx context.Context, s *stage) (*table, error) {
	dir, err := os.MkdirTemp("", "waltz-bench-")
	if err != nil {
		return nil, err
	}
	s.after(func() error { return os.RemoveAll(dir) })
	t := &table{record: token.New(benchToken())}
	if t.db, err = waltzsqlite.OpenDB(filepath.Join(dir, "waltz.db")); err != nil {
		return nil, err
	}
	s.after(t.db.Close)
	t.db.SetMaxOpenConns(1)
	if _, err := t.db.ExecContext(ctx, "PRAGMA synchronous = OFF"); err != nil {
		return nil, err
	}
	if t.waltz, err = sqlstore.New(t.db, sqlstore.Config{Dialect: waltzsqlite.Dialect()}); err != nil {
		return nil, err
	}
	if err := t.waltz.Migrate(ctx); err != nil {
		return nil, err
	}
	key := benchKey()
	if err := t.waltz.Set(ctx, key, t.record); err != nil {
		return nil, err
	}
	if t.gorm, err = gorm.Open(sqlite.Open(filepath.Join(dir, "gorm.db")+"?_journal_mode=WAL&_synchronous=OFF"), &gorm.Config{
		Logger: logger.Discard, PrepareStmt: true, SkipDefaultTransaction: true,
	}); err != nil {
		return nil, err
	}
	under, err := t.gorm.DB()
	if err != nil {
		return nil, err
	}
	s.after(under.Close)
	under.SetMaxOpenConns(1)
	secret, record, err := encoded(t.record)
	return t, errors.Join(err, t.gorm.AutoMigrate(&gormRow{}),
		t.gorm.WithContext(ctx).Create(&gormRow{Provider: key.Provider, Owner: key.User, Token: secret, Record: record}).Error)
}

func encoded(r token.Record) (secret, record string, err error) {
	b, err := r.Token.MarshalJSON()
	if err != nil {
		return "", "", err
	}
	r.Token = nil
	rest, err := r.AppendJSON(nil)
	return string(b), string(rest), err
}

func decoded(secret, record []byte) error {
	var r token.Record
	if err := r.UnmarshalJSON(record); err != nil {
		return err
	}
	return new(token.Token).UnmarshalJSON(secret)
}
