package transfer_test

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz/cmd/waltz/internal/transfer"
	"github.com/waltz-oauth/waltz/flaskdance"
	"github.com/waltz-oauth/waltz/storage/memstore"
	"github.com/waltz-oauth/waltz/storage/sqlstore/sqlite"
	"github.com/waltz-oauth/waltz/token"
)

const lines = `{"provider":"p","user":"1","record":{"token":{"access_token":"fake-1"},"grant":"g","attempt":"x","until":1900000000}}
{"provider":"p","user":"2","record":{"token":{"access_token":"fake-2"}}}
{"provider":"p","user":"3","record":{"token":{"access_token":"fake-3"}}}
`

// failing is a storage that fails once it has stored so many.
type failing struct {
	token.Storage
	left int
}

var errDown = errors.New("the storage is down")

func (f *failing) Set(ctx context.Context, key token.Key, r token.Record) error {
	if f.left--; f.left < 0 {
		return errDown
	}
	return f.Storage.Set(ctx, key, r)
}

func options(refused *[]string) transfer.Options {
	return transfer.Options{
		Refused: func(i transfer.Item) { *refused = append(*refused, i.Where+": "+i.Err.Error()) },
		Done:    func(transfer.Counts) {},
	}
}

func TestATransferThatWasStoppedGoesOn(t *testing.T) {
	t.Parallel()
	var refused []string
	s, o := memstore.New(), options(&refused)
	n, err := transfer.Into(t.Context(), &failing{s, 2}, transfer.Lines(strings.NewReader(lines)), o)
	if !errors.Is(err, errDown) || n.Taken != 2 {
		t.Fatalf("got %v, %v", n, err)
	}
	newer := token.New(&token.Token{AccessToken: "fake-newer"})
	if err := s.Set(t.Context(), token.Key{Provider: "p", User: "2"}, newer); err != nil {
		t.Fatal(err)
	}
	n, err = transfer.Into(t.Context(), s, transfer.Lines(strings.NewReader(lines)), o)
	if err != nil || n != (transfer.Counts{Read: 3, Taken: 1, There: 2}) {
		t.Errorf("got %v, %v", n, err)
	}
	for user, want := range map[string]string{"1": "fake-1", "2": "fake-newer", "3": "fake-3"} {
		r, err := s.Get(t.Context(), token.Key{Provider: "p", User: user})
		if err != nil || r.Token.AccessToken != want || r.Lease != (token.Lease{}) {
			t.Errorf("%s: got %v with lease %v, %v", user, r, r.Lease, err)
		}
	}
	if len(refused) > 0 {
		t.Errorf("refused: %v", refused)
	}
}

func TestADryRunWritesNothing(t *testing.T) {
	t.Parallel()
	var refused []string
	o := options(&refused)
	o.DryRun = true
	n, err := transfer.Into(t.Context(), &failing{memstore.New(), 0}, transfer.Lines(strings.NewReader(lines)), o)
	if err != nil || n.Taken != 3 {
		t.Errorf("got %v, %v", n, err)
	}
}

func TestRowsThatCannotBeTakenAreListed(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "app.db")
	db, err := sqlite.OpenDB(name)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	fill(t, db)
	table, closing, err := transfer.OpenFlaskDance("flask-dance+sqlite:"+name, flaskdance.TableConfig{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = closing() }()
	from, total, err := transfer.Rows(t.Context(), table)
	if err != nil || total != 6 {
		t.Fatalf("got %d rows, %v", total, err)
	}
	var refused []string
	s := memstore.New()
	n, err := transfer.Into(t.Context(), s, from, options(&refused))
	if err != nil || n.Taken != 2 || n.Refused != 4 {
		t.Errorf("got %v, %v", n, err)
	}
	want := []string{
		"row 2: row 3 is newer, and for the same user and provider",
		"row 4: not the JSON that was expected",
		"row 5: no token",
		"row 6: it belongs to no user: --site takes it as the site's own",
	}
	if strings.Join(refused, "\n") != strings.Join(want, "\n") {
		t.Errorf("refused:\n%s\nwant:\n%s", strings.Join(refused, "\n"), strings.Join(want, "\n"))
	}
	r, err := s.Get(t.Context(), token.Key{Provider: "github", User: "2"})
	if err != nil || r.Token.AccessToken != "fake-newest" || !r.Token.Expiry.Equal(time.Unix(1_900_000_000, 500_000_000)) {
		t.Errorf("got %v, %v", r, err)
	}
}

func fill(t *testing.T, db *sql.DB) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), `CREATE TABLE flask_dance_oauth (id INTEGER NOT NULL, provider VARCHAR(50) NOT NULL,
	created_at DATETIME NOT NULL, token JSON NOT NULL, user_id INTEGER, PRIMARY KEY (id));
INSERT INTO flask_dance_oauth VALUES
	(1, 'github', '2024-05-06 08:50:50.224557', '{"access_token": "fake-1"}', 1),
	(2, 'github', '2024-05-06 08:50:50.224557', '{"access_token": "fake-older"}', 2),
	(3, 'github', '2024-05-06 08:50:50.224557', '{"access_token": "fake-newest", "expires_at": 1900000000.5}', 2),
	(4, 'github', '2024-05-06 08:50:50.224557', '{"access_token": "fake-4", "n": NaN}', 4),
	(5, 'github', '2024-05-06 08:50:50.224557', 'null', 5),
	(6, 'github', '2024-05-06 08:50:50.224557', '{"access_token": "fake-6"}', NULL)`); err != nil {
		t.Fatal(err)
	}
}
