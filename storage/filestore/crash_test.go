//go:build linux

package filestore_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz/storage/filestore"
	"github.com/waltz-oauth/waltz/token"
)

// TestAProcessThatIsKilledAtAnySystemCallLeavesTheOldOrTheNew kills a process as it enters the first, the
// second, … call of each kind that it makes, until it gets through.
func TestAProcessThatIsKilledAtAnySystemCallLeavesTheOldOrTheNew(t *testing.T) {
	t.Parallel()
	strace := find(t)
	for work, calls := range map[string][]string{
		"set":    {"openat", "write", "fsync", "renameat", "unlinkat", "flock", "close"},
		"swap":   {"openat", "write", "fsync", "renameat", "unlinkat", "flock", "close"},
		"delete": {"openat", "fsync", "unlinkat", "flock", "close"},
	} {
		t.Run(work, func(t *testing.T) {
			t.Parallel()
			kills := 0
			for _, call := range calls {
				const most = 100
				n := 1
				for ; n <= most; n++ {
					if !crash(t, strace, work, call, n) {
						break
					}
					kills++
				}
				if n > most {
					t.Errorf("%s: no end was come to", call)
				}
				if n == 1 {
					t.Errorf("%s: nobody was killed there, so this test looks for another call", call)
				}
			}
			t.Logf("%d processes were killed", kills)
		})
	}
}

// TestTheDiskHasARecordBeforeItsName looks at the order of the system calls, on which it depends what a
// crash of the machine leaves.
func TestTheDiskHasARecordBeforeItsName(t *testing.T) {
	t.Parallel()
	strace := find(t)
	for work, want := range map[string]string{
		"set":    "fsync( renameat( fsync(", // the file flushed, renamed, and the directory flushed
		"swap":   "fsync( renameat( fsync(",
		"delete": "unlinkat( fsync(",
	} {
		t.Run(work, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "tokens")
			s, err := filestore.New(dir)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if err := s.Set(t.Context(), alice(), crashRecord("old")); err != nil {
				t.Fatal(err)
			}
			calls := filepath.Join(t.TempDir(), "calls")
			cmd := exec.CommandContext(t.Context(), strace, "-f", "-qq", "-o", calls, "-e", "trace=fsync,renameat,unlinkat", os.Args[0])
			cmd.Env = append(os.Environ(), "FILESTORE_TEST_WORK="+work, "FILESTORE_TEST_DIR="+dir)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			text, err := os.ReadFile(calls)
			if err != nil {
				t.Fatal(err)
			}
			made := regexp.MustCompile(`(?m)^.*\b(fsync|renameat|unlinkat)\(.*$`).FindAllStringSubmatch(string(text), -1)
			var order []string
			for _, call := range made {
				if !strings.Contains(call[0], "ENOENT") { // what another may have left is not there
					order = append(order, call[1]+"(")
				}
			}
			if got := strings.Join(order, " "); got != want {
				t.Errorf("the calls are %q, want %q", got, want)
			}
		})
	}
}

func find(t *testing.T) string {
	t.Helper()
	strace, err := exec.LookPath("strace")
	if err != nil {
		const how = "there is no strace: apt-get install strace"
		if os.Getenv("CI") == "true" {
			t.Fatal(how)
		}
		t.Skip(how)
	}
	return strace
}

// crash reports whether a process was killed as it entered the n-th call of that kind.
func crash(t *testing.T, strace, work, call string, n int) bool {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "tokens")
	s, err := filestore.New(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Set(t.Context(), alice(), crashRecord("old")); err != nil {
		t.Fatal(err)
	}
	before := entries(t, dir)
	const patience = time.Minute
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, strace, "-f", "-qq", "-o", os.DevNull, "-e", "trace="+call,
		"-e", fmt.Sprintf("inject=%s:signal=KILL:when=%d", call, n), os.Args[0])
	cmd.Env = append(os.Environ(), "FILESTORE_TEST_WORK="+work, "FILESTORE_TEST_DIR="+dir)
	killed := cmd.Run() != nil
	_, err = os.Stat(dir + ".told")
	told := err == nil
	r, err := s.Get(t.Context(), alice())
	found := "nothing"
	switch {
	case err == nil:
		found = r.Token.AccessToken
	case !errors.Is(err, token.ErrNotFound):
		t.Errorf("killed at %s %d: %v", call, n, err)
	}
	done := "fake-new"
	if work == "delete" {
		done = "nothing"
	}
	switch {
	case told && found != done:
		t.Errorf("killed at %s %d: what it was told is done is not", call, n)
	case found != done && found != "fake-old":
		t.Errorf("killed at %s %d: there is neither what was there nor what was to be", call, n)
	}
	if err := s.Set(ctx, alice(), crashRecord("next")); err != nil {
		t.Errorf("killed at %s %d: the next writer: %v", call, n, err)
	}
	if after := entries(t, dir); after != before {
		t.Errorf("killed at %s %d: there were %d files, and are %d after the next write", call, n, before, after)
	}
	if !killed && !told {
		t.Errorf("%s %d: the process did nothing", call, n)
	}
	return killed
}

func entries(t *testing.T, dir string) int {
	t.Helper()
	all, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}
