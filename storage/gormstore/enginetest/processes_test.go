package enginetest_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/waltz-oauth/waltz/storage/gormstore"
	"github.com/waltz-oauth/waltz/token"
)

const (
	processes = 4
	writers   = 16 // in each process
)

// variable says to a process that a test started which database it is to work on.
const variable = "WALTZ_TEST_DATABASE"

// None of the processes finds a table. Where rows are deleted for good, MariaDB locks the place where one was.
func TestProcessesSettingOneKeyLeaveOneRow(t *testing.T) {
	t.Parallel()
	onEachInProcesses(t, time.Second)
}

func onEachInProcesses(t *testing.T, d time.Duration) {
	t.Helper()
	serializable := postgresEngine // where a statement fails rather than waits for another that changes the same row
	serializable.name = "serializable"
	serializable.empty = func(t testing.TB) string {
		t.Helper()
		return postgresURL(t) + "&default_transaction_isolation=serializable"
	}
	for _, e := range append(engines, serializable) {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			t.Run("softly deleted", func(t *testing.T) { storm[Account](t, e, d) })
			t.Run("deleted", func(t *testing.T) { storm[ByString](t, e, d) })
		})
	}
}

// storm has all writers of all processes set one key, and delete it now and then, until time is over.
func storm[M any](t *testing.T, e engine, d time.Duration) {
	t.Helper()
	if prefix, where, ok := strings.Cut(os.Getenv(variable), " "); ok {
		s := migrated[M](t, opened(t, e.open(t, where), gorm.Config{NamingStrategy: prefixed(prefix)}))
		end := time.Now().Add(d)
		together(t, writers, func() error { return setUntil(t.Context(), s, end) })
		return
	}
	prefix, where := fmt.Sprintf("t%d_", tests.Add(1)), e.empty(t)
	inProcesses(t, variable+"="+prefix+" "+where)
	db := opened(t, e.open(t, where), gorm.Config{NamingStrategy: prefixed(prefix)})
	var rows int64
	check(t, db.Unscoped().Model(new(M)).Count(&rows).Error)
	if rows != 1 {
		t.Errorf("there are %d rows, want 1", rows)
	}
	s, err := gormstore.New[M](db)
	check(t, err)
	load(t, s, github)
}

func setUntil(ctx context.Context, s token.Storage, end time.Time) error {
	for i := 1; ; i++ {
		if i%10 == 0 {
			if err := s.Delete(ctx, github); err != nil {
				return err
			}
		}
		if err := s.Set(ctx, github, record("a")); err != nil || time.Now().After(end) {
			return err
		}
	}
}

// inProcesses has the test run again in several processes at once, whose environment has one variable more.
func inProcesses(t *testing.T, variable string) {
	t.Helper()
	together(t, processes, func() error {
		only := "-test.run=^" + strings.ReplaceAll(strings.ReplaceAll(t.Name(), "_", " "), "/", "$/^") + "$"
		cmd := exec.CommandContext(t.Context(), os.Args[0], only)
		cmd.Env = append(os.Environ(), variable)
		cmd.Stdout, cmd.Stderr = t.Output(), t.Output()
		return cmd.Run()
	})
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
