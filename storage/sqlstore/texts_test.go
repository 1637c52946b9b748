package sqlstore_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz/storage/sqlstore"
	"github.com/waltz-oauth/waltz/token"
)

// heard opens connections of another driver, and notes the text of each statement that they are told.
type heard struct {
	next driver.Driver
	name string

	mu  sync.Mutex
	all map[string]bool
}

func (h *heard) Connect(context.Context) (driver.Conn, error) {
	c, err := h.next.Open(h.name)
	return heardConn{c, h}, err
}

func (h *heard) Driver() driver.Driver { return h.next }

func (h *heard) note(text string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.all[text] = true
}

func (h *heard) texts() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Sorted(maps.Keys(h.all))
}

// heardConn can only prepare, which database/sql then does with every statement.
type heardConn struct {
	driver.Conn

	h *heard
}

func (c heardConn) Prepare(text string) (driver.Stmt, error) {
	c.h.note(text)
	return c.Conn.Prepare(text)
}

// Whatever is stored and asked for, the engine is told the same statements, and no value is in them.
func TestStatementsHaveNoValues(t *testing.T) {
	on(t, func(t *testing.T, e engine) {
		where := e.empty(t)
		plain := e.named(t, where)
		migrate(t, e.storage(t, plain))
		h := &heard{next: plain.Driver(), name: dsn(t, where), all: make(map[string]bool)}
		db := sql.OpenDB(h)
		t.Cleanup(func() { _ = db.Close() })
		s := e.storage(t, db)
		var first []string
		for i, value := range []string{"plain", "'; DROP TABLE waltz_tokens; --", `"quoted"`, "`ticked`", "$1 ? %s \\", "\xff\x00", "😀"} {
			key := token.Key{Provider: "p" + value, User: "u" + value, Account: "a" + value}
			r := record("x")
			r.Subject, r.Reason = "s"+strings.ToValidUTF8(value, ""), "r"+strings.ToValidUTF8(value, "")
			r.Token.AccessToken = "fake-" + strings.ToValidUTF8(value, "")
			everything(t, s, h, key, r)
			texts := h.texts()
			if i == 0 {
				first = texts
			}
			if !slices.Equal(texts, first) {
				t.Fatalf("with %q other statements are told:\n%s", value, strings.Join(texts, "\n"))
			}
			for _, text := range texts {
				for _, stored := range []string{key.Provider, key.User, key.Account, r.Subject, "fake-"} {
					if strings.Contains(text, stored) {
						t.Errorf("%q is in %s", stored, text)
					}
				}
			}
		}
		want := 5 + 16 // for one key, and for the lists that a filter and a page make
		if e.dialect.Clock == "" {
			want-- // Load asks what Get does
		}
		if len(first) != want {
			t.Errorf("%d statements were heard, want %d:\n%s", len(first), want, strings.Join(first, "\n"))
		}
	})
}

// dsn is what the engine's driver calls the database.
func dsn(t *testing.T, where string) string {
	t.Helper()
	u, err := url.Parse(where)
	if err != nil {
		t.Fatal(err)
	}
	if u.Scheme == "mysql" {
		return u.User.String() + "@tcp(" + u.Host + ")" + u.Path
	}
	return where
}

// everything does all that a storage can with key, and says what a list would be told after it.
func everything(t *testing.T, s *sqlstore.Storage, h *heard, key token.Key, r token.Record) {
	t.Helper()
	set(t, s, key, r)
	old := load(t, s, key)
	if _, err := s.Get(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Swap(t.Context(), key, old.Version, r); err != nil {
		t.Fatal(err)
	}
	for _, f := range []token.Filter{
		{},
		{User: key.User},
		{Subject: r.Subject},
		{Due: time.Unix(1, 0)},
		{Provider: key.Provider},
		{Provider: key.Provider, User: key.User},
		{Provider: key.Provider, Subject: r.Subject},
		{Provider: key.Provider, Due: time.Unix(1, 0)},
	} {
		count(t, s, f)
		query, _ := s.Listing(f, &key)
		h.note(s.Bound(query))
	}
	if err := s.Delete(t.Context(), key); err != nil {
		t.Fatal(err)
	}
}
