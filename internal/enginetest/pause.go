//go:build unix

package enginetest

import (
	"syscall"
	"testing"
)

// Pause has the engine say nothing more, without hanging up, until Kill ends it or Resume wakes it.
func (s *Server) Pause(t testing.TB) {
	t.Helper()
	s.signal(t, syscall.SIGSTOP)
}

// Resume has the engine go on where Pause stopped it.
func (s *Server) Resume(t testing.TB) {
	t.Helper()
	s.signal(t, syscall.SIGCONT)
}

func (s *Server) signal(t testing.TB, sig syscall.Signal) {
	t.Helper()
	if err := s.running.Signal(sig); err != nil {
		t.Fatal(err)
	}
}
