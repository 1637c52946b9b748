package sqlstore_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"testing"

	"github.com/waltz-oauth/waltz/internal/benchtest"
	"github.com/waltz-oauth/waltz/storage/sqlstore"
	"github.com/waltz-oauth/waltz/token"
)

// Each benchmark does the same in turn with the storage and with the least code that can: the same
// statement prepared by hand on the same driver, and the same decoding. The ratio is that of the
// medians.

func BenchmarkGet(b *testing.B) {
	for _, e := range engines {
		b.Run(e.name, func(b *testing.B) {
			s, db, key, _ := stored(b, e)
			query, _ := s.Getting(key)
			get, err := db.PrepareContext(b.Context(), query)
			if err != nil {
				b.Fatal(err)
			}
			defer get.Close()
			ctx := context.Background()
			benchtest.Compare(b, func() error {
				_, err := s.Get(ctx, key)
				return err
			}, func() error {
				_, err := getByHand(ctx, get, key)
				return err
			})
		})
	}
}

func BenchmarkSet(b *testing.B) {
	for _, e := range engines {
		b.Run(e.name, func(b *testing.B) {
			s, db, key, r := stored(b, e)
			set, err := db.PrepareContext(b.Context(), s.Setting())
			if err != nil {
				b.Fatal(err)
			}
			defer set.Close()
			ctx := context.Background()
			benchtest.Compare(b, func() error {
				return s.Set(ctx, key, r)
			}, func() error {
				return setByHand(ctx, set, key, r)
			})
		})
	}
}

func getByHand(ctx context.Context, get *sql.Stmt, key token.Key) (r token.Record, err error) {
	var secret, record []byte
	var version string
	row := get.QueryRowContext(ctx, []byte(key.Provider), []byte(key.User), []byte(key.Account))
	if err := row.Scan(&secret, &record, &version); err != nil {
		return r, err
	}
	if err := r.UnmarshalJSON(record); err != nil {
		return r, err
	}
	r.Token, r.Version = new(token.Token), token.Version(version)
	return r, r.Token.UnmarshalJSON(secret)
}

func setByHand(ctx context.Context, set *sql.Stmt, key token.Key, r token.Record) error {
	secret, err := r.Token.MarshalJSON()
	if err != nil {
		return err
	}
	r.Token = nil
	record, err := r.AppendJSON(nil)
	if err != nil {
		return err
	}
	_, err = set.ExecContext(ctx, string(secret), string(record), rand.Text(), nil, nil, []byte(key.Provider), []byte(key.User), []byte(key.Account))
	return err
}

func stored(b *testing.B, e engine) (*sqlstore.Storage, *sql.DB, token.Key, token.Record) {
	b.Helper()
	t := new(token.Token)
	if err := t.UnmarshalJSON(benchtest.Token); err != nil {
		b.Fatal(err)
	}
	s, db := e.migrated(b)
	db.SetMaxOpenConns(1)
	if e.name == "sqlite" { // without this the disk is what is measured
		must(b, db, "PRAGMA synchronous = OFF")
	}
	key, r := token.Key{Provider: "github", User: "alice"}, token.New(t)
	set(b, s, key, r)
	return s, db, key, r
}
