package e2e

import (
	"path/filepath"
	"testing"

	"github.com/waltz-oauth/waltz/storage/filestore"
	"github.com/waltz-oauth/waltz/storage/memstore"
	"github.com/waltz-oauth/waltz/storage/sqlstore/sqlite"
	"github.com/waltz-oauth/waltz/token"
)

// onEach runs test against a site over each storage.
func onEach(t *testing.T, test func(t *testing.T, si *site)) {
	t.Parallel()
	for name, open := range map[string]func(t *testing.T) token.Storage{
		"session": func(*testing.T) token.Storage { return nil },
		"memory":  func(*testing.T) token.Storage { return memstore.New() },
		"file": func(t *testing.T) token.Storage {
			s, err := filestore.New(filepath.Join(t.TempDir(), "tokens"))
			return opened(t, s, err)
		},
		"sqlite": func(t *testing.T) token.Storage {
			s, err := sqlite.Open(filepath.Join(t.TempDir(), "tokens.db"))
			return opened(t, s, err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, newSite(t, open(t), nil))
		})
	}
}

func opened[S interface {
	token.Storage
	Close() error
}](t *testing.T, s S, err error) token.Storage {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("closing the storage: %v", err)
		}
	})
	return s
}
