package sqlstore_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"os"
	"slices"
	"testing"
	"time"

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
			compare(b, func() error {
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
			compare(b, func() error {
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

func compare(b *testing.B, ours, byHand func() error) {
	b.Helper()
	var took [2][]time.Duration
	for b.Loop() {
		for i, f := range []func() error{ours, byHand} {
			start := time.Now()
			if err := f(); err != nil {
				b.Fatal(err)
			}
			took[i] = append(took[i], time.Since(start))
		}
	}
	us, hand := median(took[0]), median(took[1])
	b.ReportMetric(float64(us.Nanoseconds()), "ns/sqlstore")
	b.ReportMetric(float64(hand.Nanoseconds()), "ns/by-hand")
	b.ReportMetric(float64(us)/float64(hand), "ratio")
	b.ReportMetric(0, "ns/op") // of both together
}

func median(all []time.Duration) time.Duration {
	slices.Sort(all)
	return all[len(all)/2]
}

func stored(b *testing.B, e engine) (*sqlstore.Storage, *sql.DB, token.Key, token.Record) {
	b.Helper()
	data, err := os.ReadFile("testdata/token.json")
	if err != nil {
		b.Fatal(err)
	}
	t := new(token.Token)
	if err := t.UnmarshalJSON(data); err != nil {
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
