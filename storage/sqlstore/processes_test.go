package sqlstore_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/waltz-oauth/waltz/storage/sqlstore"
	"github.com/waltz-oauth/waltz/storage/sqlstore/sqlite"
	"github.com/waltz-oauth/waltz/token"
)

const (
	processes  = 2
	writers    = 4  // in each process
	increments = 25 // by each writer
)

// The test starts itself as each of the processes, with the path of the database in the environment.
func TestProcessesLoseNoIncrement(t *testing.T) {
	const variable = "WALTZ_TEST_INCREMENT"
	if path := os.Getenv(variable); path != "" {
		incrementAll(t, path)
		return
	}
	path := filepath.Join(t.TempDir(), "tokens.db")
	s := open(t, path)
	set(t, s, counter(), record("a"))
	var all []*exec.Cmd
	for range processes {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
		cmd.Env = append(os.Environ(), variable+"="+path)
		cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		all = append(all, cmd)
	}
	for _, cmd := range all {
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	}
	if got := load(t, s, counter()).Generation; got != processes*writers*increments {
		t.Errorf("counted to %d, want %d", got, processes*writers*increments)
	}
}

func counter() token.Key { return token.Key{Provider: "github", User: "counter"} }

func incrementAll(t *testing.T, path string) {
	open(t, path+".fresh") // which no process has made before the others
	s := open(t, path)
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for range increments {
				if err := increment(t.Context(), s); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

func increment(ctx context.Context, s *sqlstore.Storage) error {
	for {
		r, err := s.Load(ctx, counter())
		if err != nil {
			return err
		}
		r.Generation++
		if _, err := s.Swap(ctx, counter(), r.Version, r); !errors.Is(err, token.ErrConflict) {
			return err
		}
	}
}

func open(t *testing.T, path string) *sqlstore.Storage {
	t.Helper()
	s, err := sqlite.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}
