package history

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz/internal/e2e/engines"
)

// plan says what becomes of the processes.
type plan struct {
	processes, keys int
	lasts           time.Duration
	pause           time.Duration // of a writer after each call
	deaths          time.Duration // the engine is killed so often, and started again
}

// job is what a process does.
type job struct {
	Engine, Where, Logs string
	Keys                int
	Lasts, Pause        time.Duration
}

const (
	variable = "WALTZ_TEST_HISTORY" // has the job of a process that a test started
	writers  = 2                    // in each process
)

func TestMain(m *testing.M) {
	if text, ok := os.LookupEnv(variable); ok {
		if err := work(text); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func work(text string) error {
	var j job
	if err := json.Unmarshal([]byte(text), &j); err != nil {
		return err
	}
	e, ok := engines.Named(j.Engine)
	if !ok {
		return fmt.Errorf("no engine is called %q", j.Engine)
	}
	s, err := open(e, j.Where)
	if err != nil {
		return err
	}
	defer s.Close()
	ctx, cancel := context.WithTimeout(context.Background(), j.Lasts)
	defer cancel()
	var all sync.WaitGroup
	failed := make([]error, writers)
	for i := range writers {
		all.Go(func() {
			log, err := os.CreateTemp(j.Logs, "log-")
			if err != nil {
				failed[i] = err
				return
			}
			w := &writer{s: s, keys: j.Keys, log: log}
			failed[i] = errors.Join(w.run(ctx, j.Pause), log.Close())
		})
	}
	all.Wait()
	return errors.Join(failed...)
}

// open waits for an engine that is being started.
func open(e engines.Engine, where string) (engines.Storage, error) {
	const patience, pause = 30 * time.Second, 50 * time.Millisecond
	for end := time.Now().Add(patience); ; time.Sleep(pause) {
		s, err := e.Open(where)
		if err == nil || time.Now().After(end) {
			return s, err
		}
	}
}

func TestWhatProcessesSeeCouldBeOneStorage(t *testing.T) {
	t.Parallel()
	for _, e := range engines.All() {
		t.Run(e.Name, func(t *testing.T) {
			t.Parallel()
			p := plan{processes: 3, keys: 2, lasts: 3 * time.Second, pause: 10 * time.Millisecond, deaths: 1500 * time.Millisecond}
			t.Log(p.follow(t, e))
		})
	}
}

// follow has processes write while some are stopped, some killed, and the engine killed, and judges what
// they saw.
func (p plan) follow(t *testing.T, e engines.Engine) string {
	t.Helper()
	kill := func() bool { return false }
	var where string
	if e.Own != nil {
		own, server := e.Own(t)
		where = own
		kill = func() bool {
			server.Kill()
			server.Start(t)
			return true
		}
	} else {
		where = e.Empty(t)
	}
	logs := t.TempDir()
	end := time.Now().Add(p.lasts)
	start := func() *exec.Cmd {
		text, err := json.Marshal(job{e.Name, where, logs, p.keys, time.Until(end), p.pause})
		if err != nil {
			t.Fatal(err)
		}
		c := exec.CommandContext(t.Context(), os.Args[0])
		c.Env = append(os.Environ(), variable+"="+string(text), "GOMAXPROCS=1")
		c.Stderr = t.Output()
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		return c
	}
	all := make([]*exec.Cmd, p.processes)
	for i := range all {
		all[i] = start()
	}
	var stopped, killed, restarted int
	next := time.Now().Add(p.deaths)
	for turn := 0; time.Now().Before(end); turn++ {
		time.Sleep(200 * time.Millisecond)
		i := rand.IntN(len(all))
		switch {
		case time.Now().After(next):
			if kill() {
				restarted++
			}
			next = time.Now().Add(p.deaths)
		case turn%3 == 0:
			_ = all[i].Process.Kill()
			if err := all[i].Wait(); all[i].ProcessState.Exited() && err != nil {
				t.Errorf("a process ended with %v before it was killed", err)
			}
			killed++
			all[i] = start()
		default:
			_ = all[i].Process.Signal(syscall.SIGSTOP)
			time.Sleep(rand.N(300 * time.Millisecond))
			_ = all[i].Process.Signal(syscall.SIGCONT)
			stopped++
		}
	}
	for _, c := range all {
		if err := c.Wait(); err != nil {
			t.Errorf("a process ended with %v", err)
		}
	}
	byKey := make(map[int][]event)
	came := make(map[outcome]int) // of what
	swapped := 0
	for _, one := range logged(t, logs) {
		came[one.Outcome]++
		if one.Kind == swaps && one.Outcome == done {
			swapped++
		}
		byKey[one.Key] = append(byKey[one.Key], one)
	}
	for k, history := range byKey {
		if wrong := judge(history); wrong != "" {
			t.Errorf("key %d: %s", k, wrong)
		}
	}
	answered := came[done] + came[absent] + came[conflict]
	if answered < 20*p.processes || swapped < p.processes || came[conflict] < p.processes {
		t.Errorf("%d calls were answered, %d of them swaps and %d conflicts: too few to say anything", answered, swapped, came[conflict])
	}
	return fmt.Sprintf("%-8s %d calls on %d keys answered, %d of them swaps and %d conflicts, and %d not; %d times a process was stopped, %d times killed; the engine was killed %d times",
		e.Name, answered, p.keys, swapped, came[conflict], came[unknown], stopped, killed, restarted)
}

func logged(t *testing.T, dir string) (all []event) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "log-*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, read(f)...)
		_ = f.Close()
	}
	return all
}
