package e2e

import (
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"github.com/waltz-oauth/waltz/internal/e2e/engines"
	"github.com/waltz-oauth/waltz/storage/memstore"
	"github.com/waltz-oauth/waltz/storage/seal"
	"github.com/waltz-oauth/waltz/storage/seal/keyfile"
	"github.com/waltz-oauth/waltz/token"
)

// TestExchangedRowsDoNotOpen has somebody who can write to the storage behind the application's back move
// sealed tokens about.
func TestExchangedRowsDoNotOpen(t *testing.T) {
	t.Parallel()
	storages := map[string]func(t *testing.T) token.Storage{
		"memory": func(*testing.T) token.Storage { return memstore.New() },
	}
	for _, e := range engines.All() {
		storages[e.Name] = func(t *testing.T) token.Storage {
			s, err := e.Open(e.Empty(t))
			return opened(t, s, err)
		}
	}
	for name, open := range storages {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			exchange(t, open(t))
		})
	}
}

func exchange(t *testing.T, below token.Storage) {
	t.Helper()
	keys, err := keyfile.New(keyfile.Config{Path: filepath.Join(t.TempDir(), "keys.json")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := keys.Create(t.Context()); err != nil {
		t.Fatal(err)
	}
	s, err := seal.New(t.Context(), seal.Config{Next: below, Keys: keys, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	all := []token.Key{
		{Provider: "github", User: "ada"},
		{Provider: "github", User: "ben"},
		{Provider: "gitlab", User: "ada"},
		{Provider: "github", User: "ada", Account: "1"},
		{Provider: "github", User: "ad", Account: "a"},
	}
	rows := make([]token.Record, len(all))
	old := make([]token.Record, len(all)) // of the generation before
	for i, key := range all {
		r := token.New(&token.Token{AccessToken: "fake-access-old"})
		set(t, s, key, r)
		old[i] = get(t, below, key)
		r.Generation++
		r.Token = &token.Token{AccessToken: "fake-access-new"}
		set(t, s, key, r)
		rows[i] = get(t, below, key)
	}
	for i, key := range all {
		for j := range all {
			if i == j {
				continue
			}
			moved := rows[i]
			moved.Token = rows[j].Token // the token alone
			fails(t, s, below, key, moved)
			fails(t, s, below, key, rows[j]) // the whole row
		}
		earlier := rows[i]
		earlier.Token = old[i].Token
		fails(t, s, below, key, earlier)
		granted := rows[i]
		granted.Grant = rows[(i+1)%len(all)].Grant
		fails(t, s, below, key, granted)
		set(t, below, key, rows[i])
		if got := get(t, s, key); got.Token.AccessToken != "fake-access-new" {
			t.Errorf("%v: the row that was put back has another token", key)
		}
	}
}

// fails puts a row there that the application did not, which must not open, and whose error says where it
// stands and nothing of what it is.
func fails(t *testing.T, s, below token.Storage, key token.Key, r token.Record) {
	t.Helper()
	set(t, below, key, r)
	_, err := s.Get(t.Context(), key)
	if !errors.Is(err, seal.ErrOpen) {
		t.Errorf("%v: got %v, want an error that it does not open", key, err)
		return
	}
	said := err.Error()
	if !strings.Contains(said, key.String()) {
		t.Errorf("the error does not say where: %s", said)
	}
	content := r.Token.ExtraString("sealed")
	const enough = 12 // of it to be recognized
	if len(content) < enough || strings.Contains(said, content[:enough]) || strings.Contains(said, "fake-") {
		t.Errorf("the error has what was stored in it: %s", said)
	}
}

func set(t *testing.T, s token.Storage, key token.Key, r token.Record) {
	t.Helper()
	if err := s.Set(t.Context(), key, r); err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, s token.Storage, key token.Key) token.Record {
	t.Helper()
	r, err := s.Get(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
