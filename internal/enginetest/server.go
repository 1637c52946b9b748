package enginetest

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// Server is an engine of the test's own, on a free port of loopback, in a directory that is removed
// with it.
type Server struct {
	Addr string // HOST:PORT
	URL  string // of an empty database; "": the engine has none

	command func() *exec.Cmd
	death   os.Signal
	answers func(context.Context) error
	running *os.Process // nil: none
	ended   chan struct{}
}

// Kill ends the engine, which gets no time to put anything in order.
func (s *Server) Kill() {
	if s.running != nil {
		_ = s.running.Signal(s.death)
		<-s.ended
		s.running = nil
	}
}

// Start starts the engine again at the same address, and returns when it answers.
func (s *Server) Start(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		cmd := s.command()
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		s.running, s.ended = cmd.Process, make(chan struct{})
		go func(ended chan<- struct{}) {
			_ = cmd.Wait()
			close(ended)
		}(s.ended)
		if s.up(ctx) {
			return
		}
		if ctx.Err() != nil {
			t.Fatalf("%s does not answer", cmd.Path)
		}
		// One that was killed may leave processes that take a moment to end, and keep the next from starting.
		time.Sleep(20 * time.Millisecond)
	}
}

// up waits until the engine answers, true, or has ended.
func (s *Server) up(ctx context.Context) bool {
	for s.answers(ctx) != nil {
		select {
		case <-s.ended:
			return false
		case <-ctx.Done():
			return false
		case <-time.After(20 * time.Millisecond):
		}
	}
	return true
}

// start starts s, which is killed after the test.
func start(t testing.TB, s *Server) *Server {
	t.Helper()
	t.Cleanup(s.Kill)
	s.Start(t)
	return s
}

// program finds one that may be where Debian has PostgreSQL's.
func program(t testing.TB, name, how string) string {
	t.Helper()
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	for _, pattern := range []string{"/usr/lib/postgresql/*/bin/", "/usr/sbin/"} {
		if all, err := filepath.Glob(pattern + name); err == nil && len(all) > 0 {
			return all[len(all)-1]
		}
	}
	skip(t, "there is no "+name+": "+how)
	return ""
}

func run(t testing.TB, cmd *exec.Cmd) {
	t.Helper()
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", cmd.Path, err, out)
	}
}

func free(t testing.TB) (addr, port string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // nothing is waited for
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	addr = l.Addr().String()
	if _, port, err = net.SplitHostPort(addr); err != nil {
		t.Fatal(err)
	}
	return addr, port
}
