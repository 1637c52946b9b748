package gormstore

import (
	"context"
	"database/sql"
	"reflect"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/waltz-oauth/waltz/token"
)

// Get implements [token.Storage]. Where the plugin dbresolver is in use, a replica answers.
func (s *Storage[M]) Get(ctx context.Context, key token.Key) (token.Record, error) {
	r, err := s.read(s.on(ctx), key)
	return r, failed("get", key, err)
}

// Load implements [token.Versioned]. No replica answers. On SQLite, Now is the host's clock.
func (s *Storage[M]) Load(ctx context.Context, key token.Key) (token.Record, error) {
	now := time.Now().UnixMicro()
	var more []any
	if s.dialect.clock != "" {
		more = append(more, &now)
	}
	// This is what dbresolver.Write sets; without that plugin it means nothing.
	db := s.on(ctx).Set("gorm:db_resolver:write", struct{}{})
	r, err := s.read(db, key, more...)
	if err == nil {
		r.Now = time.UnixMicro(now).UTC()
	}
	return r, failed("load", key, err)
}

// read returns the record at key. The engine's clock goes to more.
func (s *Storage[M]) read(db *gorm.DB, key token.Key, more ...any) (token.Record, error) {
	columns := []string{s.columns.token.DBName, s.columns.record.DBName, s.columns.version.DBName}
	if len(more) > 0 {
		columns = append(columns, s.dialect.clock)
	}
	rows, err := db.Model(new(M)).Select(columns).Clauses(s.at(key)).Limit(1).Rows()
	if err != nil {
		return token.Record{}, err
	}
	defer rows.Close()
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return token.Record{}, err
		}
		return token.Record{}, token.ErrNotFound
	}
	var secret, record, version sql.RawBytes
	if err := rows.Scan(append([]any{&secret, &record, &version}, more...)...); err != nil {
		return token.Record{}, err
	}
	return decode(secret, record, version)
}

// Set implements [token.Storage].
func (s *Storage[M]) Set(ctx context.Context, key token.Key, r token.Record) error {
	err := s.write(ctx, func(db *gorm.DB) error {
		m, t := s.model()
		if err := t.fill(key, r); err != nil {
			return err
		}
		if err := s.setUser(ctx, m, key); err != nil {
			return err
		}
		return db.Clauses(s.upsert()).Create(m).Error
	})
	return failed("set", key, err)
}

// Swap implements [token.Versioned].
func (s *Storage[M]) Swap(ctx context.Context, key token.Key, old token.Version, r token.Record) (version token.Version, err error) {
	err = s.write(ctx, func(db *gorm.DB) error {
		m, t := s.model()
		if err := t.fill(key, r); err != nil {
			return err
		}
		version = token.Version(t.Version)
		same := clause.Eq{Column: column(s.columns.version), Value: Text(old)}
		result := db.Model(m).Clauses(s.at(key, same), s.set(db, m)).Updates(m)
		if result.Error == nil && result.RowsAffected == 0 {
			return token.ErrConflict
		}
		return result.Error
	})
	if err != nil {
		return "", failed("swap", key, err)
	}
	return version, nil
}

// Delete implements [token.Storage].
func (s *Storage[M]) Delete(ctx context.Context, key token.Key) error {
	err := s.write(ctx, func(db *gorm.DB) error {
		m, t := s.model()
		*t = keyed(key)
		if len(s.columns.deleted) == 0 {
			return db.Clauses(s.at(key)).Delete(m).Error
		}
		return db.Transaction(func(tx *gorm.DB) error {
			blank, t := s.model()
			if err := t.fill(key, token.Record{}); err != nil {
				return err
			}
			unhooked := tx.Session(&gorm.Session{SkipHooks: true})
			if err := unhooked.Model(blank).Clauses(s.at(key), s.set(tx, blank)).Updates(blank).Error; err != nil {
				return err
			}
			return tx.Clauses(s.at(key)).Delete(m).Error
		})
	})
	return failed("delete", key, err)
}

// model returns a new model and the Token in it.
func (s *Storage[M]) model() (*M, *Token) {
	m := new(M)
	return m, any(m).(holder).part() //nolint:forcetypeassert // New has looked
}

func failed(op string, key token.Key, err error) error {
	if err == nil {
		return nil
	}
	return &token.Error{Op: op, Key: key, Err: err}
}

// at is the condition for one row.
func (s *Storage[M]) at(key token.Key, more ...clause.Expression) clause.Where {
	return clause.Where{Exprs: append([]clause.Expression{
		clause.Eq{Column: column(s.columns.provider), Value: Text(key.Provider)},
		clause.Eq{Column: column(s.columns.owner), Value: Text(key.User)},
		clause.Eq{Column: column(s.columns.account), Value: Text(key.Account)},
	}, more...)}
}

// set is what an update changes. GORM would choose the columns by itself, and leave these out: see
// Token.
func (s *Storage[M]) set(db *gorm.DB, m *M) clause.Set {
	ctx, v := db.Statement.Context, reflect.ValueOf(m)
	for _, f := range s.columns.updated {
		if err := f.Set(ctx, v, db.NowFunc()); err != nil {
			_ = db.AddError(err)
		}
	}
	var all clause.Set
	for _, f := range s.columns.written() {
		value, _ := f.ValueOf(ctx, v)
		all = append(all, clause.Assignment{Column: clause.Column{Name: f.DBName}, Value: value})
	}
	return all
}

// upsert has an insert replace the token where there is one already.
func (s *Storage[M]) upsert() clause.OnConflict {
	var names []string
	for _, f := range append(s.columns.written(), s.columns.deleted...) {
		names = append(names, f.DBName)
	}
	return clause.OnConflict{
		Columns: []clause.Column{
			{Name: s.columns.provider.DBName},
			{Name: s.columns.owner.DBName},
			{Name: s.columns.account.DBName},
		},
		DoUpdates: clause.AssignmentColumns(names),
	}
}
