package keyfile_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"

	"github.com/waltz-oauth/waltz/storage/memstore"
	"github.com/waltz-oauth/waltz/storage/seal"
	"github.com/waltz-oauth/waltz/storage/seal/keyfile"
	"github.com/waltz-oauth/waltz/token"
)

const fakePassphrase = "fake correct horse"

var alice = token.Key{Provider: "github", User: "alice"}

// modes are the ways to keep a file.
func modes(t *testing.T) map[string]keyfile.Config {
	t.Helper()
	return map[string]keyfile.Config{
		"in the clear": {},
		"passphrase":   {Passphrase: fakePassphrase},
		"KMS":          {KMS: &kms{next: kek(t)}},
	}
}

func kek(t *testing.T) tink.AEADWithContext {
	t.Helper()
	h, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	must(t, err)
	a, err := aead.New(h)
	must(t, err)
	return seal.Local(a)
}

// kms counts what it is asked.
type kms struct {
	next  tink.AEADWithContext
	mu    sync.Mutex
	calls int
}

func (k *kms) EncryptWithContext(ctx context.Context, plain, bound []byte) ([]byte, error) {
	return k.next.EncryptWithContext(ctx, plain, bound)
}

func (k *kms) DecryptWithContext(ctx context.Context, sealed, bound []byte) ([]byte, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.calls++
	return k.next.DecryptWithContext(ctx, sealed, bound)
}

func open(t *testing.T, c keyfile.Config) *keyfile.File {
	t.Helper()
	if c.Path == "" {
		c.Path = filepath.Join(t.TempDir(), "keys.json")
	}
	f, err := keyfile.New(c)
	must(t, err)
	return f
}

func create(t *testing.T, c keyfile.Config) (*keyfile.File, uint32) {
	t.Helper()
	f := open(t, c)
	id, err := f.Create(t.Context())
	must(t, err)
	return f, id
}

func keys(t *testing.T, f *keyfile.File) []keyfile.Key {
	t.Helper()
	all, err := f.Keys(t.Context())
	must(t, err)
	return all
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestKeysLiveThroughTheirLife(t *testing.T) {
	t.Parallel()
	const kind = "XAesGcmKey"
	for name, c := range modes(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := t.Context()
			c.Path = filepath.Join(t.TempDir(), "keys.json")
			f, first := create(t, c)
			inner := memstore.New()
			s, err := seal.New(t.Context(), seal.Config{Next: inner, Keys: f})
			must(t, err)
			must(t, s.Set(ctx, alice, token.New(&token.Token{AccessToken: "fake"})))

			second, err := f.Add(ctx)
			must(t, err)
			want := []keyfile.Key{{ID: first, Kind: kind, Primary: true}, {ID: second, Kind: kind}}
			if got := keys(t, f); !slices.Equal(got, want) {
				t.Errorf("got %+v, want %+v", got, want)
			}
			must(t, f.Promote(ctx, second))

			// Another process, with a File of its own.
			f = open(t, c)
			if s, err = seal.New(t.Context(), seal.Config{Next: inner, Keys: f}); err != nil {
				t.Fatal(err)
			}
			if err := f.Retire(ctx, first, s); !errors.Is(err, keyfile.ErrInUse) || !strings.Contains(err.Error(), ": 1") {
				t.Errorf("retiring a key in use: got %v", err)
			}
			_, err = s.Rotate(ctx, nil)
			must(t, err)
			must(t, f.Retire(ctx, first, s))
			want = []keyfile.Key{{ID: first, Kind: kind, Retired: true}, {ID: second, Kind: kind, Primary: true}}
			if got := keys(t, f); !slices.Equal(got, want) {
				t.Errorf("got %+v, want %+v", got, want)
			}
			must(t, f.Restore(ctx, first))
			if err := f.Delete(ctx, first, s); !errors.Is(err, keyfile.ErrInUse) {
				t.Errorf("deleting a key that opens: got %v", err)
			}
			must(t, f.Retire(ctx, first, s))
			must(t, f.Delete(ctx, first, s))
			if got := keys(t, f); !slices.Equal(got, want[1:]) {
				t.Errorf("got %+v, want %+v", got, want[1:])
			}
			if s, err = seal.New(t.Context(), seal.Config{Next: inner, Keys: open(t, c)}); err != nil {
				t.Fatal(err)
			}
			r, err := s.Get(ctx, alice)
			if err != nil || r.Token.AccessToken != "fake" {
				t.Errorf("got %v, %v", r, err)
			}
		})
	}
}

func TestRetireRefusesWhatWouldLockOut(t *testing.T) {
	t.Parallel()
	f, id := create(t, keyfile.Config{})
	s, err := seal.New(t.Context(), seal.Config{Next: memstore.New(), Keys: f})
	must(t, err)
	second, err := f.Add(t.Context())
	must(t, err)
	before := keys(t, f)
	for name, err := range map[string]error{
		"the key that seals":         f.Retire(t.Context(), id, s),
		"an unknown key":             f.Retire(t.Context(), id+1, s),
		"no storage":                 f.Retire(t.Context(), second),
		"promoting an unknown key":   f.Promote(t.Context(), id+1),
		"restoring an unknown key":   f.Restore(t.Context(), id+1),
		"deleting an unknown key":    f.Delete(t.Context(), id+1, s),
		"deleting without a storage": f.Delete(t.Context(), second),
	} {
		if err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
	if err := f.Retire(t.Context(), id, s); !errors.Is(err, keyfile.ErrInUse) {
		t.Errorf("the key that seals: got %v", err)
	}
	must(t, f.Retire(t.Context(), second, s))
	if err := f.Promote(t.Context(), second); !errors.Is(err, keyfile.ErrNoKey) {
		t.Errorf("promoting a retired key: got %v", err)
	}
	must(t, f.Restore(t.Context(), second))
	if after := keys(t, f); !slices.Equal(after, before) {
		t.Errorf("got %+v, want %+v", after, before)
	}
}

func TestKeysOfTwoStoragesAreCounted(t *testing.T) {
	t.Parallel()
	f, first := create(t, keyfile.Config{})
	var stores []*seal.Storage
	for range 2 {
		s, err := seal.New(t.Context(), seal.Config{Next: memstore.New(), Keys: f})
		must(t, err)
		must(t, s.Set(t.Context(), alice, token.New(&token.Token{AccessToken: "fake"})))
		stores = append(stores, s)
	}
	second, err := f.Add(t.Context())
	must(t, err)
	must(t, f.Promote(t.Context(), second))
	err = f.Retire(t.Context(), first, stores...)
	if !errors.Is(err, keyfile.ErrInUse) || !strings.Contains(err.Error(), ": 2") {
		t.Errorf("got %v", err)
	}
}

func TestFileShowsNoKey(t *testing.T) {
	t.Parallel()
	for name, c := range modes(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.Path = filepath.Join(t.TempDir(), "keys.json")
			f, _ := create(t, c)
			h, err := f.Keyset(t.Context())
			must(t, err)
			secret := material(t, h)
			b, err := os.ReadFile(c.Path)
			must(t, err)
			if name == "in the clear" != bytes.Contains(b, []byte(secret)) {
				t.Error("the key is in the clear: ", name != "in the clear")
			}
			shown := fmt.Sprint(keys(t, f))
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
				shown += fmt.Sprintf(verb, f)
			}
			if strings.Contains(shown, secret) || strings.Contains(shown, fakePassphrase) {
				t.Error("printing the file shows a secret")
			}
		})
	}
}

// material is a key as Tink's JSON has it.
func material(t *testing.T, h *keyset.Handle) string {
	t.Helper()
	c := keyfile.Config{Path: filepath.Join(t.TempDir(), "clear.json")}
	f, _ := create(t, c)
	must(t, f.Write(t.Context(), h))
	var k struct {
		Key []struct{ KeyData struct{ Value string } }
	}
	b, err := os.ReadFile(c.Path)
	must(t, err)
	must(t, json.Unmarshal(b, &k))
	return k.Key[0].KeyData.Value
}

func TestOnlyItsOwnSecretOpensTheFile(t *testing.T) {
	t.Parallel()
	all := modes(t)
	all["other passphrase"] = keyfile.Config{Passphrase: fakePassphrase + "!"}
	all["other KMS"] = keyfile.Config{KMS: kek(t)}
	for name, c := range all {
		c.Path = filepath.Join(t.TempDir(), "keys.json")
		create(t, c)
		for other, d := range all {
			d.Path = c.Path
			_, err := open(t, d).Keyset(t.Context())
			if (err == nil) != (other == name) {
				t.Errorf("a file with %s, opened with %s: got error %v", name, other, err)
			}
			if err != nil && strings.Contains(err.Error(), fakePassphrase) {
				t.Error("the error shows the passphrase")
			}
		}
	}
}

func TestKMSIsAskedWhenTheFileChanged(t *testing.T) {
	t.Parallel()
	k := &kms{next: kek(t)}
	f, _ := create(t, keyfile.Config{KMS: k})
	for range 5 {
		_, err := f.Keyset(t.Context())
		must(t, err)
	}
	if k.calls != 1 {
		t.Errorf("the KMS was asked %d times, want 1", k.calls)
	}
	id, err := f.Add(t.Context())
	must(t, err)
	if all := keys(t, f); len(all) != 2 || all[1].ID != id || k.calls != 2 {
		t.Errorf("%d keys, the KMS asked %d times", len(all), k.calls)
	}
}

func TestCreateReplacesNothing(t *testing.T) {
	t.Parallel()
	c := keyfile.Config{Path: filepath.Join(t.TempDir(), "keys.json")}
	f, _ := create(t, c)
	before := keys(t, f)
	if _, err := f.Create(t.Context()); !errors.Is(err, fs.ErrExist) {
		t.Errorf("got %v", err)
	}
	if !slices.Equal(keys(t, f), before) {
		t.Error("the keys changed")
	}
}
