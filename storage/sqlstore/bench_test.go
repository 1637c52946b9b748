package sqlstore_test

import (
	"context"
	"crypto/rand"
	"os"
	"testing"

	"github.com/waltz-oauth/waltz/token"
)

// Each benchmark stands beside the least code that does the same with the same driver and a
// statement prepared by hand.

func BenchmarkGet(b *testing.B) {
	s, db := migrated(b)
	key, _ := stored(b, s)
	b.Run("sqlstore", func(b *testing.B) {
		ctx := context.Background()
		b.ReportAllocs()
		for b.Loop() {
			if r, err := s.Get(ctx, key); err != nil || r.Token == nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("by hand", func(b *testing.B) {
		ctx := context.Background()
		get, err := db.PrepareContext(ctx, `SELECT token, record, version FROM waltz_tokens WHERE provider = ? AND user_id = ? AND account = ?`)
		if err != nil {
			b.Fatal(err)
		}
		defer get.Close()
		b.ReportAllocs()
		for b.Loop() {
			var secret, record []byte
			var version string
			if err := get.QueryRowContext(ctx, []byte(key.Provider), []byte(key.User), []byte(key.Account)).Scan(&secret, &record, &version); err != nil {
				b.Fatal(err)
			}
			var r token.Record
			t := new(token.Token)
			if r.UnmarshalJSON(record) != nil || t.UnmarshalJSON(secret) != nil {
				b.Fatal("not a record")
			}
			r.Token, r.Version = t, token.Version(version)
		}
	})
}

func BenchmarkSet(b *testing.B) {
	s, db := migrated(b)
	db.SetMaxOpenConns(1)
	// Without this the disk is what is measured.
	if _, err := db.ExecContext(b.Context(), "PRAGMA synchronous = OFF"); err != nil {
		b.Fatal(err)
	}
	key, r := stored(b, s)
	b.Run("sqlstore", func(b *testing.B) {
		ctx := context.Background()
		b.ReportAllocs()
		for b.Loop() {
			if err := s.Set(ctx, key, r); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("by hand", func(b *testing.B) {
		ctx := context.Background()
		set, err := db.PrepareContext(ctx, `INSERT INTO waltz_tokens (token, record, version, subject, due_at, provider, user_id, account) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
	ON CONFLICT (provider, user_id, account) DO UPDATE SET token = excluded.token, record = excluded.record,
	version = excluded.version, subject = excluded.subject, due_at = excluded.due_at`)
		if err != nil {
			b.Fatal(err)
		}
		defer set.Close()
		b.ReportAllocs()
		for b.Loop() {
			secret, err := r.Token.MarshalJSON()
			if err != nil {
				b.Fatal(err)
			}
			rest := r
			rest.Token = nil
			record, err := rest.AppendJSON(nil)
			if err != nil {
				b.Fatal(err)
			}
			if _, err := set.ExecContext(ctx, string(secret), string(record), rand.Text(), nil, nil, []byte(key.Provider), []byte(key.User), []byte(key.Account)); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func stored(b *testing.B, s token.Storage) (token.Key, token.Record) {
	b.Helper()
	data, err := os.ReadFile("testdata/token.json")
	if err != nil {
		b.Fatal(err)
	}
	t := new(token.Token)
	if err := t.UnmarshalJSON(data); err != nil {
		b.Fatal(err)
	}
	key, r := token.Key{Provider: "github", User: "alice"}, token.New(t)
	set(b, s, key, r)
	return key, r
}
