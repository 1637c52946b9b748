package gormstore

import (
	"database/sql/driver"
	"fmt"
	"io"

	"github.com/waltz-oauth/waltz/token"
)

// Token is what a model embeds, by value and once. Its columns are named by GORM's naming strategy, as
// any others; all but DueAt are of bytes, since text is folded, trimmed or refused by one engine or
// another. AutoMigrate makes them and their indexes.
//
// Applications may read them. They write through [Storage], and GORM leaves these columns out of
// its updates.
//
// There is no token in its JSON.
type Token struct {
	Provider Text `gorm:"<-:create;size:255;not null;uniqueIndex:,composite:key,priority:1;index:,composite:owner,priority:2;index:,composite:subject,priority:2" json:"provider"`

	// Owner is the user's id as text, and "" for the site's own tokens. It is never NULL, unlike a
	// UserID: a unique index takes two NULLs for different users.
	Owner Text `gorm:"<-:create;size:255;not null;uniqueIndex:,composite:key,priority:2;index:,composite:owner,priority:1;index:,composite:subject,priority:3" json:"-"`

	Account Text `gorm:"<-:create;size:255;not null;uniqueIndex:,composite:key,priority:3;index:,composite:owner,priority:3;index:,composite:subject,priority:4" json:"account"`

	Token   Secret `gorm:"<-:create" json:"-"`                                              // JSON of the token; NULL: none
	Record  Text   `gorm:"<-:create;not null" json:"-"`                                     // JSON of the rest of the record
	Version Text   `gorm:"<-:create;size:26;not null" json:"-"`                             // of the record
	Subject Text   `gorm:"<-:create;size:255;index:,composite:subject,priority:1" json:"-"` // repeats what is in Record
	DueAt   *int64 `gorm:"<-:create;index" json:"-"`                                        // when to refresh, in microseconds since 1970; NULL: never
}

// Entry returns the key and the record that a row holds, without its token, as
// [Storage.List] does: for the application's own queries.
func (t *Token) Entry() (token.Entry, error) {
	r, err := decode(nil, []byte(t.Record), []byte(t.Version))
	return token.Entry{Key: t.key(), Record: r}, err
}

func (t *Token) key() token.Key {
	return token.Key{Provider: string(t.Provider), User: string(t.Owner), Account: string(t.Account)}
}

// part is how the storage finds the Token in a model: embedding promotes it.
func (t *Token) part() *Token { return t }

type holder interface{ part() *Token }

// Text is text that is kept in a column of bytes. A query that compares such a column wants a Text:
// db.Where("provider = ?", gormstore.Text("github")).
type Text string

// GormDataType implements the interface of GORM's package schema.
func (Text) GormDataType() string { return "bytes" }

// Value implements [driver.Valuer].
func (t Text) Value() (driver.Value, error) { return []byte(t), nil }

// Scan implements [database/sql.Scanner]. NULL is "".
func (t *Text) Scan(value any) error {
	switch v := value.(type) {
	case []byte:
		*t = Text(v)
	case string:
		*t = Text(v)
	case nil:
		*t = ""
	default:
		return fmt.Errorf("gormstore: want bytes, got %T", value)
	}
	return nil
}

// Secret is a column of bytes that shows in no output of package fmt.
type Secret []byte

// Format implements [fmt.Formatter].
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[token]") }

// MarshalText implements [encoding.TextMarshaler], for loggers.
func (Secret) MarshalText() ([]byte, error) { return []byte("[token]"), nil }

// GormDataType implements the interface of GORM's package schema.
func (Secret) GormDataType() string { return "bytes" }

// Value implements [driver.Valuer].
func (s Secret) Value() (driver.Value, error) {
	if s == nil {
		return nil, nil
	}
	return []byte(s), nil
}
