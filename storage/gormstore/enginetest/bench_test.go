package enginetest_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"testing"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/waltz-oauth/waltz/internal/benchtest"
	"github.com/waltz-oauth/waltz/storage/gormstore"
	"github.com/waltz-oauth/waltz/token"
)

// Each benchmark does the same in turn with the storage and by hand: with the same statement through GORM, or
// prepared on the driver, and the same decoding. GORM has each Set in a transaction, which a statement on the driver has not.

func BenchmarkGet(b *testing.B) {
	onEachBy(b, func(b *testing.B, db *gorm.DB, s *gormstore.Storage[ByString]) (ours, gorms, drivers func() error) {
		ctx := context.Background()
		find := func(db *gorm.DB) *gorm.DB {
			return db.WithContext(ctx).Model(&ByString{}).Select("token", "record", "version").
				Where("provider = ? AND owner = ? AND account = ?", gormstore.Text(of(1).Provider), gormstore.Text(of(1).User), gormstore.Text("")).Limit(1)
		}
		dry := find(db.Session(&gorm.Session{DryRun: true})).Find(&[]ByString{}).Statement
		get := prepared(b, db, dry.SQL.String())
		return func() error {
				_, err := s.Get(ctx, of(1))
				return err
			}, func() error {
				return decoded(find(db).Row())
			}, func() error {
				return decoded(get.QueryRowContext(ctx, dry.Vars...))
			}
	})
}

func BenchmarkSet(b *testing.B) {
	onEachBy(b, func(b *testing.B, db *gorm.DB, s *gormstore.Storage[ByString]) (ours, gorms, drivers func() error) {
		ctx, r := context.Background(), answer(b)
		save := func(db *gorm.DB) *gorm.DB {
			m, err := encoded(r)
			if err != nil {
				_ = db.AddError(err)
			}
			return db.WithContext(ctx).Clauses(clause.OnConflict{
				Columns:   []clause.Column{{Name: "provider"}, {Name: "owner"}, {Name: "account"}},
				DoUpdates: clause.AssignmentColumns([]string{"token", "record", "version", "subject", "due_at"}),
			}).Create(m)
		}
		dry := save(db.Session(&gorm.Session{DryRun: true})).Statement
		set := prepared(b, db, dry.SQL.String())
		return func() error {
				return s.Set(ctx, of(1), r)
			}, func() error {
				return save(db).Error
			}, func() error {
				m, err := encoded(r)
				if err != nil {
					return err
				}
				// A row that is as it was would not be written.
				vars := []any{m.Provider, m.Owner, m.Account, m.Token.Token, m.Record, m.Version, m.Subject, m.DueAt, m.UserID}
				_, err = set.ExecContext(ctx, vars[:len(dry.Vars)]...)
				return err
			}
	})
}

// onEachBy compares, on each engine, what ways makes of a database where one token is stored.
func onEachBy(b *testing.B, ways func(*testing.B, *gorm.DB, *gormstore.Storage[ByString]) (ours, gorms, drivers func() error)) {
	b.Helper()
	for _, e := range engines {
		b.Run(e.name, func(b *testing.B) {
			db := e.database(b)
			pool, err := db.DB()
			check(b, err)
			pool.SetMaxOpenConns(1)
			s := migrated[ByString](b, db)
			set(b, s, of(1), answer(b))
			ours, gorms, drivers := ways(b, db, s)
			b.Run("to GORM", func(b *testing.B) { benchtest.Compare(b, ours, gorms) })
			b.Run("to the driver", func(b *testing.B) { benchtest.Compare(b, ours, drivers) })
		})
	}
}

// answer is a record with a token as a provider gives it.
func answer(b *testing.B) token.Record {
	b.Helper()
	t := new(token.Token)
	check(b, t.UnmarshalJSON(benchtest.Token))
	return token.New(t)
}

func prepared(b *testing.B, db *gorm.DB, text string) *sql.Stmt {
	b.Helper()
	pool, err := db.DB()
	check(b, err)
	stmt, err := pool.PrepareContext(context.Background(), text)
	check(b, err)
	b.Cleanup(func() { _ = stmt.Close() })
	return stmt
}

func decoded(row *sql.Row) error {
	var secret, record []byte
	var version string
	if err := row.Scan(&secret, &record, &version); err != nil {
		return err
	}
	var r token.Record
	if err := r.UnmarshalJSON(record); err != nil {
		return err
	}
	r.Token, r.Version = new(token.Token), token.Version(version)
	return r.Token.UnmarshalJSON(secret)
}

func encoded(r token.Record) (*ByString, error) {
	secret, err := r.Token.MarshalJSON()
	if err != nil {
		return nil, err
	}
	r.Token = nil
	record, err := r.AppendJSON(nil)
	user := of(1).User
	return &ByString{UserID: &user, Token: gormstore.Token{
		Provider: gormstore.Text(of(1).Provider), Owner: gormstore.Text(user),
		Token: secret, Record: gormstore.Text(record), Version: gormstore.Text(rand.Text()),
	}}, err
}
