package enginetest_test

import (
	"context"
	"encoding/hex"
	"fmt"
	"iter"
	"strings"
	"testing"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/waltz-oauth/waltz/storage/gormstore"
	"github.com/waltz-oauth/waltz/storage/storagetest"
	"github.com/waltz-oauth/waltz/token"
)

// Models with each kind of user key, of which one is deleted softly.
type (
	ByInteger struct {
		gorm.Model
		gormstore.Token
		UserID *uint
	}
	ByString struct {
		ID uint
		gormstore.Token
		UserID *string
	}
	ByUUID struct {
		gormstore.Token
		ID     uint
		UserID *uuid.UUID `gorm:"type:char(36)"`
	}
)

func TestPromises(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, db *gorm.DB) {
		promises(t, renamed{migrated[ByInteger](t, db), integer})
	})
}

func TestPromisesWithStrings(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, db *gorm.DB) {
		promises(t, migrated[ByString](t, db))
	})
}

func TestPromisesWithUUIDs(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, db *gorm.DB) {
		promises(t, renamed{migrated[ByUUID](t, db), uuidOf})
	})
}

func promises(t *testing.T, s token.Storage) {
	t.Helper()
	storagetest.Run(t, func(*testing.T) token.Storage { return s })
}

// renamed gives the users of the promises ids of the kind that the model wants, in the same order.
type renamed struct {
	next storage
	id   func(user string) string
}

type storage interface {
	token.Versioned
	token.Lister
}

func (s renamed) key(key token.Key) token.Key {
	if key.User != "" {
		key.User = s.id(key.User)
	}
	return key
}

func (s renamed) Get(ctx context.Context, key token.Key) (token.Record, error) {
	return s.next.Get(ctx, s.key(key))
}

func (s renamed) Set(ctx context.Context, key token.Key, r token.Record) error {
	return s.next.Set(ctx, s.key(key), r)
}

func (s renamed) Delete(ctx context.Context, key token.Key) error {
	return s.next.Delete(ctx, s.key(key))
}

func (s renamed) Load(ctx context.Context, key token.Key) (token.Record, error) {
	return s.next.Load(ctx, s.key(key))
}

func (s renamed) Swap(ctx context.Context, key token.Key, old token.Version, r token.Record) (token.Version, error) {
	return s.next.Swap(ctx, s.key(key), old, r)
}

func (s renamed) List(ctx context.Context, f token.Filter) iter.Seq2[token.Entry, error] {
	f.User = s.key(token.Key{User: f.User}).User
	return func(yield func(token.Entry, error) bool) {
		for e, err := range s.next.List(ctx, f) {
			if e.Key.User != "" {
				e.Key.User = nameOf(e.Key.User)
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// integer spells each letter with two digits behind a 1. A name that is too long or has others becomes one that
// the model refuses.
func integer(name string) string {
	id := "1"
	for i := range len(name) {
		id += fmt.Sprintf("%02d", strings.IndexByte(digits, name[i]))
	}
	return id
}

// uuidOf is the name in hexadecimal, filled up to the length of a UUID.
func uuidOf(name string) string {
	var id uuid.UUID
	if copy(id[:], name) < len(name) || strings.ContainsRune(name, 0) {
		return "no UUID " + hex.EncodeToString([]byte(name))
	}
	return id.String()
}

// nameOf is what integer or uuidOf made id of.
func nameOf(id string) string {
	if u, err := uuid.Parse(id); err == nil {
		return strings.TrimRight(string(u[:]), "\x00")
	}
	var name string
	for i := 1; i < len(id); i += 2 {
		var n int
		_, _ = fmt.Sscanf(id[i:i+2], "%d", &n)
		name += digits[n : n+1]
	}
	return name
}
