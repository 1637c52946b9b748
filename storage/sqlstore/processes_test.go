package sqlstore_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz/internal/enginetest"
	"github.com/waltz-oauth/waltz/storage/sqlstore"
	"github.com/waltz-oauth/waltz/storage/sqlstore/postgres"
	"github.com/waltz-oauth/waltz/token"
)

const (
	processes  = 4
	writers    = 16 // in each process
	increments = 3  // by each writer
)

// variable says to a process that a test started which database it is to work on.
const variable = "WALTZ_TEST_DATABASE"

// inProcesses has the test run again in several processes at once, each of which does work. Only in
// the one that started them does it return true, and a storage of what they leave.
func inProcesses(t *testing.T, e engine, prepare func(*sqlstore.Storage), work func(*sqlstore.Storage)) (*sqlstore.Storage, bool) {
	t.Helper()
	if name, ok := os.LookupEnv(variable); ok {
		work(e.storage(t, e.named(t, name)))
		return nil, false
	}
	name := e.empty(t)
	s := e.storage(t, e.named(t, name))
	prepare(s)
	var all []*exec.Cmd
	for range processes {
		test, _, _ := strings.Cut(t.Name(), "/")
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+test+"$/^"+e.name+"$")
		cmd.Env = append(os.Environ(), variable+"="+name)
		cmd.Stdout, cmd.Stderr = t.Output(), t.Output()
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
	return s, true
}

func TestProcessesLoseNoIncrement(t *testing.T) {
	on(t, func(t *testing.T, e engine) {
		key := token.Key{Provider: "github", User: "counter"}
		prepare := func(s *sqlstore.Storage) {
			migrate(t, s)
			set(t, s, key, record("a"))
		}
		s, parent := inProcesses(t, e, prepare, func(s *sqlstore.Storage) {
			together(t, writers, func() error {
				for range increments {
					if err := increment(t.Context(), s, key); err != nil {
						return err
					}
				}
				return nil
			})
		})
		if !parent {
			return
		}
		if got := load(t, s, key).Generation; got != processes*writers*increments {
			t.Errorf("counted to %d, want %d", got, processes*writers*increments)
		}
	})
}

func increment(ctx context.Context, s *sqlstore.Storage, key token.Key) error {
	for {
		r, err := s.Load(ctx, key)
		if err != nil {
			return err
		}
		r.Generation++
		if _, err := s.Swap(ctx, key, r.Version, r); !errors.Is(err, token.ErrConflict) {
			return err
		}
	}
}

// None of them finds a schema, either.
func TestProcessesSettingOneKeyLeaveOneRow(t *testing.T) {
	all := append(slices.Clone(engines), engine{"serializable", postgres.Dialect(), serializable, postgres.OpenDB, token.Network})
	t.Parallel()
	for _, e := range all {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			storm(t, e, time.Second)
		})
	}
}

// serializable names a PostgreSQL database where a statement fails rather than waits for another that
// changes the same row, and is to be run again.
func serializable(t testing.TB) string {
	t.Helper()
	return enginetest.Postgres(t) + "&default_transaction_isolation=serializable"
}

// storm has all writers of all processes set one key, and delete it now and then, until time is over.
func storm(t *testing.T, e engine, d time.Duration) {
	t.Helper()
	key := token.Key{Provider: "github", User: "alice"}
	s, parent := inProcesses(t, e, func(*sqlstore.Storage) {}, func(s *sqlstore.Storage) {
		migrate(t, s)
		end := time.Now().Add(d)
		together(t, writers, func() error {
			for i := 1; ; i++ {
				if i%10 == 0 {
					if err := s.Delete(t.Context(), key); err != nil {
						return err
					}
				}
				if err := s.Set(t.Context(), key, record("a")); err != nil || time.Now().After(end) {
					return err
				}
			}
		})
	})
	if !parent {
		return
	}
	if n := count(t, s, token.Filter{}); n != 1 {
		t.Errorf("there are %d rows, want 1", n)
	}
	load(t, s, key)
}

// together calls f as many times at once.
func together(t *testing.T, n int, f func() error) {
	t.Helper()
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			if err := f(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}
