package filestore_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gofrs/flock"

	"github.com/waltz-oauth/waltz/storage/filestore"
	"github.com/waltz-oauth/waltz/token"
)

// TestMain lets the test program stand for other processes.
func TestMain(m *testing.M) {
	work := map[string]func(*filestore.Storage) error{"increment": increment, "storm": storm, "set": told(setNew), "swap": told(swapNew), "delete": told(remove)}[os.Getenv("FILESTORE_TEST_WORK")]
	if work == nil {
		os.Exit(m.Run())
	}
	s, err := filestore.New(os.Getenv("FILESTORE_TEST_DIR"))
	if err == nil {
		err = work(s)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// process returns another process, not yet started, that does work in dir.
func process(t *testing.T, work, dir string) *exec.Cmd {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program)
	cmd.Env = append(os.Environ(), "FILESTORE_TEST_WORK="+work, "FILESTORE_TEST_DIR="+dir)
	cmd.Stderr = os.Stderr
	return cmd
}

// told does work, and then says that it was told that it is done.
func told(work func(*filestore.Storage) error) func(*filestore.Storage) error {
	return func(s *filestore.Storage) error {
		if err := work(s); err != nil {
			return err
		}
		return os.WriteFile(os.Getenv("FILESTORE_TEST_DIR")+".told", nil, 0o600)
	}
}

func setNew(s *filestore.Storage) error {
	return s.Set(context.Background(), alice(), crashRecord("new"))
}

func swapNew(s *filestore.Storage) error {
	r, err := s.Load(context.Background(), alice())
	if err != nil {
		return err
	}
	r.Token = &token.Token{AccessToken: "fake-new"}
	_, err = s.Swap(context.Background(), alice(), r.Version, r)
	return err
}

func remove(s *filestore.Storage) error { return s.Delete(context.Background(), alice()) }

func crashRecord(text string) token.Record {
	return token.New(&token.Token{AccessToken: "fake-" + text})
}

const increments = 50

// increment counts up as a keeper does.
func increment(s *filestore.Storage) error {
	for done := 0; done < increments; {
		r, err := s.Load(context.Background(), alice())
		if err != nil {
			return err
		}
		r.Generation++
		switch _, err = s.Swap(context.Background(), alice(), r.Version, r); {
		case err == nil:
			done++
		case !errors.Is(err, token.ErrConflict):
			return err
		}
	}
	return nil
}

func TestProcessesLoseNoUpdate(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "tokens")
	s := open(t, dir)
	if err := s.Set(t.Context(), alice(), record("fake")); err != nil {
		t.Fatal(err)
	}
	const processes = 4
	var wg sync.WaitGroup
	for range processes {
		cmd := process(t, "increment", dir)
		wg.Go(func() {
			if err := cmd.Run(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	r, err := s.Load(t.Context(), alice())
	if err != nil {
		t.Fatal(err)
	}
	if r.Generation != processes*increments {
		t.Errorf("got %d increments, want %d", r.Generation, processes*increments)
	}
}

// storm writes until it is killed, and says which writes have returned.
func storm(s *filestore.Storage) error {
	for i := uint64(1); ; i++ {
		r := record(strings.Repeat(strconv.FormatUint(i, 10)+" ", 10_000))
		r.Generation = i
		if err := s.Set(context.Background(), alice(), r); err != nil {
			return err
		}
		fmt.Println(i)
	}
}

func TestAKilledWriterLosesNothingThatItWasToldIsStored(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "tokens")
	s := open(t, dir)
	for round := range 10 {
		cmd := process(t, "storm", dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		said := bufio.NewScanner(out)
		for range 3 + round {
			said.Scan()
		}
		time.Sleep(time.Duration(round) * 300 * time.Microsecond) // to meet it at another instruction
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		last := said.Text()
		for said.Scan() {
			last = said.Text()
		}
		_ = cmd.Wait() // "signal: killed"

		stored, err := strconv.ParseUint(last, 10, 64)
		if err != nil {
			t.Fatalf("the writer said %q: %v", last, err)
		}
		r, err := s.Load(t.Context(), alice())
		if err != nil {
			t.Fatal(err)
		}
		if r.Generation != stored && r.Generation != stored+1 {
			t.Errorf("write %d was stored, and %d is there", stored, r.Generation)
		}
		if want := strings.Repeat(strconv.FormatUint(r.Generation, 10)+" ", 10_000); r.Token.AccessToken != want {
			t.Error("the record is of two writes")
		}
		if _, err := s.Swap(t.Context(), alice(), r.Version, record("fake")); err != nil {
			t.Errorf("the killed process is in the way: %v", err)
		}
		if left := glob(t, dir, "new-*"); len(left) > 0 {
			t.Errorf("%s is left after the next write", left)
		}
	}
}

func TestWhatAKilledWriterLeftGoesWithTheNext(t *testing.T) {
	t.Parallel()
	for name, next := range map[string]func(*filestore.Storage) error{
		"Set":    func(s *filestore.Storage) error { return s.Set(t.Context(), alice(), record("fake")) },
		"Delete": func(s *filestore.Storage) error { return s.Delete(t.Context(), alice()) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "tokens")
			s := open(t, dir)
			set(t, s, dir, alice())
			left := strings.Replace(lockFile(t, dir), "lock-", "new-", 1)
			if err := os.WriteFile(left, []byte("half a rec"), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Get(t.Context(), alice()); err != nil {
				t.Errorf("it is in the way of Get: %v", err)
			}
			if err := next(s); err != nil {
				t.Fatal(err)
			}
			if left := glob(t, dir, "new-*"); len(left) > 0 {
				t.Errorf("%s is still there", left)
			}
		})
	}
}

func TestWaitingForAnotherProcessEndsWithTheContext(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "tokens")
	s := open(t, dir)
	path := set(t, s, dir, alice())
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	other := flock.New(lockFile(t, dir))
	if err := other.Lock(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := other.Close(); err != nil {
			t.Error(err)
		}
	}()
	for name, write := range map[string]func(context.Context) error{
		"Set":    func(ctx context.Context) error { return s.Set(ctx, alice(), record("fake")) },
		"Delete": func(ctx context.Context) error { return s.Delete(ctx, alice()) },
		"Swap":   func(ctx context.Context) error { _, err := s.Swap(ctx, alice(), "", record("fake")); return err },
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		// Two at once: one waits for the lock, one for its turn.
		errs := make(chan error)
		for range 2 {
			go func() { errs <- write(ctx) }()
		}
		for range 2 {
			if err := <-errs; !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s: got error %v, want context.DeadlineExceeded", name, err)
			}
		}
		cancel()
	}
	if _, err := s.Get(t.Context(), alice()); err != nil {
		t.Errorf("Get waits for writers: %v", err)
	}
	if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
		t.Errorf("a write that was given up changed the file (%v)", err)
	}
}
