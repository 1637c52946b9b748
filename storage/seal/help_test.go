package seal_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"

	"github.com/waltz-oauth/waltz/storage/filestore"
	"github.com/waltz-oauth/waltz/storage/memstore"
	"github.com/waltz-oauth/waltz/storage/seal"
	"github.com/waltz-oauth/waltz/storage/sqlstore/sqlite"
	"github.com/waltz-oauth/waltz/token"
)

var alice = token.Key{Provider: "github", User: "alice", Account: "work"}

// engines are storages to put a seal over.
var engines = map[string]func(t *testing.T) token.Storage{
	"memory": func(*testing.T) token.Storage { return memstore.New() },
	"files": func(t *testing.T) token.Storage {
		s, err := filestore.New(t.TempDir() + "/tokens")
		must(t, err)
		t.Cleanup(func() { must(t, s.Close()) })
		return s
	},
	"SQLite": func(t *testing.T) token.Storage {
		s, err := sqlite.Open(filepath.Join(t.TempDir(), "tokens.db"))
		must(t, err)
		t.Cleanup(func() { must(t, s.Close()) })
		return s
	},
	"three methods": func(*testing.T) token.Storage { return &three{all: make(map[token.Key][]byte)} },
}

// three is a storage of an application's own: no more than it must be.
type three struct {
	mu  sync.Mutex
	all map[token.Key][]byte
}

func (s *three) Get(ctx context.Context, key token.Key) (r token.Record, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, ok := s.all[key]
	if err := ctx.Err(); err != nil {
		return r, err
	}
	if !ok {
		return r, token.ErrNotFound
	}
	return r, json.Unmarshal(b, &r)
}

func (s *three) Set(ctx context.Context, key token.Key, r token.Record) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, err := json.Marshal(r)
	if err = errors.Join(err, ctx.Err()); err == nil {
		s.all[key] = b
	}
	return err
}

func (s *three) Delete(ctx context.Context, key token.Key) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.all, func(k token.Key, _ []byte) bool { return k == key && ctx.Err() == nil })
	return ctx.Err()
}

// ring is a keyset that a test changes, and counts the loading of.
type ring struct {
	mu    sync.Mutex
	m     *keyset.Manager
	fail  error
	loads int
}

// newRing returns a ring of n keys, of which the last seals.
func newRing(t testing.TB, n int) *ring {
	t.Helper()
	r := &ring{m: keyset.NewManager()}
	for range n {
		r.promote(t, r.add(t))
	}
	return r
}

func (r *ring) add(t testing.TB) uint32 {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	id, err := r.m.Add(aead.XAES256GCM192BitNonceKeyTemplate())
	must(t, err)
	return id
}

func (r *ring) promote(t testing.TB, id uint32) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	must(t, r.m.SetPrimary(id))
}

func (r *ring) disable(t testing.TB, id uint32) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	must(t, r.m.Disable(id))
}

func (r *ring) primary(t testing.TB) uint32 {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	h, err := r.m.Handle()
	must(t, err)
	e, err := h.Primary()
	must(t, err)
	return e.KeyID()
}

func (r *ring) Keyset(context.Context) (*keyset.Handle, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.loads++
	if r.fail != nil {
		return nil, r.fail
	}
	return r.m.Handle()
}

func sealed(t testing.TB, c seal.Config) *seal.Storage {
	t.Helper()
	s, err := seal.New(t.Context(), c)
	must(t, err)
	return s
}

// record returns one with a token that says name.
func record(name string) token.Record {
	return token.New(&token.Token{AccessToken: "fake-access-" + name, RefreshToken: "fake-refresh-" + name})
}

func put(t testing.TB, s token.Storage, key token.Key, r token.Record) {
	t.Helper()
	must(t, s.Set(t.Context(), key, r))
}

func get(t testing.TB, s token.Storage, key token.Key) token.Record {
	t.Helper()
	r, err := s.Get(t.Context(), key)
	must(t, err)
	return r
}

// holds fails the test unless s has the token at key that record(name) has.
func holds(t testing.TB, s token.Storage, key token.Key, name string) {
	t.Helper()
	if got := get(t, s, key).Token.AccessToken; got != "fake-access-"+name {
		t.Errorf("%s: got another token than that of %s", key, name)
	}
}

// refuses fails the test unless s says of what is at key that it is want, and names the key.
func refuses(t testing.TB, s token.Storage, key token.Key, want error) {
	t.Helper()
	r, err := s.Get(t.Context(), key)
	if !errors.Is(err, want) || r.Token != nil {
		t.Errorf("%s: got %v and error %v, want one that matches %v", key, r, err, want)
	}
	var e *token.Error
	if !errors.As(err, &e) || e.Key != key {
		t.Errorf("%s: the error does not name the key: %v", key, err)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// testKeys is a keyset that stays, for what was sealed with it before.
func testKeys(t testing.TB) seal.Loader {
	t.Helper()
	return seal.Fixed(readKeyset(t, "testdata/keys.json"))
}

func file(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	must(t, err)
	return b
}

func name(i int) string { return fmt.Sprintf("%04d", i) }
