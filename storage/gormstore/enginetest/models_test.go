package enginetest_test

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/schema"

	"github.com/waltz-oauth/waltz/storage/gormstore"
	"github.com/waltz-oauth/waltz/token"
)

type (
	plain   struct{ ID uint }
	pointed struct {
		ID uint
		*gormstore.Token
	}
	named struct {
		ID    uint
		Token gormstore.Token `gorm:"embedded"`
	}
	First struct {
		gormstore.Token `json:"-"`
	}
	Second struct {
		gormstore.Token `json:"-"`
	}
	twice struct {
		First
		Second
	}
	doubled struct {
		gormstore.Token
		Version int
	}
	renamedColumn struct {
		gormstore.Token
		Place string `gorm:"column:owner"`
	}
	withoutColumns struct {
		ID              uint
		gormstore.Token `gorm:"-"`
	}
	strange struct {
		gormstore.Token
		UserID struct{ A, B int } `gorm:"serializer:json"`
	}
)

func TestBadModelIsAClearError(t *testing.T) {
	t.Parallel()
	db := database(t, openSQLite(t), gorm.Config{})
	for want, got := range map[string]error{
		"model enginetest_test.plain: it does not embed gormstore.Token":       errorOf[plain](db),
		"model enginetest_test.pointed: it embeds a pointer":                   errorOf[pointed](db),
		"model enginetest_test.named: it does not embed gormstore.Token":       errorOf[named](db),
		"model enginetest_test.twice: it does not embed gormstore.Token, once": errorOf[twice](db),
		"column version is that of two fields, Token.Version and Version":      errorOf[doubled](db),
		"column owner is that of two fields, Token.Owner and Place":            errorOf[renamedColumn](db),
		"Token.Provider has no column":                                         errorOf[withoutColumns](db),
		"UserID is a struct { A int; B int }: want an integer, a string":       errorOf[strange](db),
		"model gormstore.Token: it does not embed gormstore.Token":             errorOf[gormstore.Token](db),
		"model int: it is no struct":                                           errorOf[int](db),
		"model *enginetest_test.Account: it is no struct":                      errorOf[*Account](db),
		"model interface {}: it is no struct":                                  errorOf[any](db),
		"model map[string]interface {}: it is no struct":                       errorOf[map[string]any](db),
		"no database given": errorOf[Account](nil),
		"model enginetest_test.Account: " + gorm.ErrMissingWhereClause.Error(): errorOf[Account](db.Delete(&User{})),
		`engine "oracle": want sqlite, postgres or mysql`:                      errorOf[Account](oracle(t)),
	} {
		if got == nil || !strings.HasPrefix(got.Error(), "gormstore: ") || !strings.Contains(got.Error(), want) {
			t.Errorf("got error %v, want %s", got, want)
		}
	}
}

func errorOf[M any](db *gorm.DB) error {
	_, err := gormstore.New[M](db)
	return err
}

// oracle is an engine that nobody knows.
func oracle(t *testing.T) *gorm.DB {
	t.Helper()
	return database(t, otherwise{openSQLite(t)}, gorm.Config{})
}

type otherwise struct{ gorm.Dialector }

func (otherwise) Name() string { return "oracle" }

// Legacy is in a table that AutoMigrate never saw, with columns named in its own way.
type Legacy struct {
	No              int64 `gorm:"primaryKey"`
	gormstore.Token `gorm:"embedded;embeddedPrefix:oauth_"`
	Person          string
}

func (Legacy) TableName(namer schema.Namer) string { return namer.TableName("old") + "_GRANTS" }

// SetKey implements [gormstore.KeySetter].
func (l *Legacy) SetKey(key token.Key) error {
	if key.User == "nobody" {
		return errors.New("unknown person")
	}
	l.Person = strconv.QuoteToASCII(key.User)
	return nil
}

func TestExistingTable(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, db *gorm.DB) {
		s, err := gormstore.New[Legacy](db)
		check(t, err)
		if err := s.Check(t.Context()); !errors.Is(err, gormstore.ErrSchema) {
			t.Errorf("without a table: got error %v", err)
		}
		integer, bytes := "BIGINT PRIMARY KEY AUTO_INCREMENT", "VARBINARY(255)"
		switch db.Name() {
		case "sqlite":
			integer, bytes = "INTEGER PRIMARY KEY", "BLOB"
		case "postgres":
			integer, bytes = "BIGSERIAL PRIMARY KEY", "BYTEA"
		}
		long := strings.ReplaceAll(bytes, "VARBINARY(255)", "LONGBLOB")
		table := db.NamingStrategy.TableName("old") + "_GRANTS"
		quoted := db.Statement.Quote(table)
		check(t, db.Exec("CREATE TABLE "+quoted+" (no "+integer+", person VARCHAR(300) NOT NULL, remark VARCHAR(20) DEFAULT 'theirs', "+
			"oauth_provider "+bytes+" NOT NULL, oauth_owner "+bytes+" NOT NULL, oauth_account "+bytes+" NOT NULL, oauth_token "+long+
			", oauth_record "+long+" NOT NULL, oauth_version "+bytes+" NOT NULL, oauth_subject "+bytes+", oauth_due_at BIGINT)").Error)
		if err := s.Check(t.Context()); !errors.Is(err, gormstore.ErrSchema) || !strings.Contains(err.Error(), "unique index") {
			t.Errorf("without the index: got error %v", err)
		}
		check(t, db.Exec("CREATE UNIQUE INDEX "+db.Statement.Quote(table+"_key")+" ON "+quoted+" (oauth_provider, oauth_owner, oauth_account)").Error)
		check(t, s.Check(t.Context()))
		t.Cleanup(func() { _ = db.Exec("DROP TABLE " + quoted) })

		alice := token.Key{Provider: "github", User: "alice"}
		set(t, s, alice, record("a"))
		set(t, s, alice, record("b"))
		if _, err := s.Swap(t.Context(), alice, load(t, s, alice).Version, record("c")); err != nil {
			t.Fatal(err)
		}
		for e, err := range s.List(t.Context(), token.Filter{User: "alice"}) {
			if check(t, err); e.Key != alice {
				t.Errorf("listed %v", e.Key)
			}
		}
		if got := load(t, s, alice).Token.AccessToken; got != "fake-c" {
			t.Errorf("the token is %q", got)
		}
		var l Legacy
		check(t, db.Where("oauth_provider = ?", gormstore.Text("github")).Take(&l).Error)
		if l.Person != `"alice"` {
			t.Errorf("the person is %q", l.Person)
		}
		check(t, s.Delete(t.Context(), alice))
		if _, err := s.Get(t.Context(), alice); !errors.Is(err, token.ErrNotFound) {
			t.Errorf("Get after Delete: got error %v", err)
		}
		if err := s.Set(t.Context(), token.Key{Provider: "github", User: "nobody"}, record("a")); !errors.Is(err, token.ErrKey) {
			t.Errorf("got error %v", err)
		}
	})
}

// Watched tells the context of a statement which hooks were called.
type Watched struct {
	ID uint
	gormstore.Token
	UserID    *uuid.UUID `gorm:"type:char(36)"`
	Note      string
	DeletedAt gorm.DeletedAt
}

type hooksKey struct{}

func (w *Watched) told(tx *gorm.DB, hook string) error {
	calls, ok := tx.Statement.Context.Value(hooksKey{}).(*[]string)
	if !ok {
		return nil
	}
	*calls = append(*calls, hook+" "+string(w.Provider))
	w.Note += hook
	if hook == tx.Statement.Context.Value(refuseKey{}) {
		return errRefused
	}
	return nil
}

type refuseKey struct{}

var errRefused = errors.New("refused by a hook")

func (w *Watched) BeforeSave(tx *gorm.DB) error   { return w.told(tx, "BeforeSave") }
func (w *Watched) BeforeCreate(tx *gorm.DB) error { return w.told(tx, "BeforeCreate") }
func (w *Watched) AfterCreate(tx *gorm.DB) error  { return w.told(tx, "AfterCreate") }
func (w *Watched) AfterSave(tx *gorm.DB) error    { return w.told(tx, "AfterSave") }
func (w *Watched) BeforeUpdate(tx *gorm.DB) error { return w.told(tx, "BeforeUpdate") }
func (w *Watched) AfterUpdate(tx *gorm.DB) error  { return w.told(tx, "AfterUpdate") }
func (w *Watched) BeforeDelete(tx *gorm.DB) error { return w.told(tx, "BeforeDelete") }
func (w *Watched) AfterDelete(tx *gorm.DB) error  { return w.told(tx, "AfterDelete") }
func (w *Watched) AfterFind(tx *gorm.DB) error    { return w.told(tx, "AfterFind") }

func TestHooksFire(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, db *gorm.DB) {
		s := migrated[Watched](t, db)
		var calls []string
		ctx := context.WithValue(t.Context(), hooksKey{}, &calls)
		r := record("a")
		for _, step := range []struct {
			name, hooks, note string
			do                func(ctx context.Context) error
		}{
			{"Set", "BeforeSave BeforeCreate AfterCreate AfterSave", "BeforeSaveBeforeCreate", func(ctx context.Context) error { return s.Set(ctx, github, r) }},
			{"Set again", "BeforeSave BeforeCreate AfterCreate AfterSave", "BeforeSaveBeforeCreate", func(ctx context.Context) error { return s.Set(ctx, github, r) }},
			{"Get", "", "BeforeSaveBeforeCreate", func(ctx context.Context) error { _, err := s.Get(ctx, github); return err }},
			{"Swap", "BeforeSave BeforeUpdate AfterUpdate AfterSave", "BeforeSaveBeforeCreate", func(ctx context.Context) error {
				_, err := s.Swap(ctx, github, load(t, s, github).Version, r) //nolint:contextcheck // no hook is of interest in load
				return err
			}},
			{"Delete", "BeforeDelete AfterDelete", "BeforeSaveBeforeCreate", func(ctx context.Context) error { return s.Delete(ctx, github) }},
		} {
			// A hook that fails undoes what it is a hook of.
			for hook := range strings.FieldsSeq(step.hooks) {
				before, err := s.Get(t.Context(), github) //nolint:contextcheck // as above
				absent := errors.Is(err, token.ErrNotFound)
				if err := step.do(context.WithValue(ctx, refuseKey{}, hook)); !errors.Is(err, errRefused) {
					t.Errorf("%s: %s refuses, and the error is %v", step.name, hook, err)
				}
				after, err := s.Get(t.Context(), github) //nolint:contextcheck // as above
				if before.Version != after.Version || absent != errors.Is(err, token.ErrNotFound) {
					t.Errorf("%s: %s refuses, and it is done all the same", step.name, hook)
				}
			}
			calls = nil
			check(t, step.do(ctx))
			want := strings.ReplaceAll(step.hooks, " ", " github ")
			if got := strings.TrimSuffix(strings.Join(calls, " "), " github"); got != want {
				t.Errorf("%s: the hooks are %q, want %q", step.name, got, want)
			}
			var w Watched
			check(t, db.Unscoped().Take(&w).Error)
			if w.Note != step.note {
				t.Errorf("%s: the note is %q, want %q", step.name, w.Note, step.note)
			}
		}
	})
}
