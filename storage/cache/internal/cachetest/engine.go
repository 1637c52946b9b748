// Package cachetest runs the servers that the tests of package cache need, and says whether a
// backend or a bus keeps its promises.
package cachetest

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// patience is how long a server may take to start on a machine that is busy.
const patience = 30 * time.Second

// Server is a server of the test's own, on a free port of loopback.
type Server struct {
	Addr    string
	command func() *exec.Cmd
	running *exec.Cmd
}

// Redis starts one that keeps what it holds through Stop and Start. Without redis-server the test is
// skipped, save in CI.
func Redis(t testing.TB) *Server {
	t.Helper()
	program := find(t, "redis-server", "redis-server")
	addr, port := free(t)
	dir := t.TempDir()
	return begin(t, addr, func() *exec.Cmd {
		return exec.Command(program, "--bind", "127.0.0.1", "--port", port, "--dir", dir, //nolint:noctx,gosec // Stop ends it; the names are ours
			"--save", "", "--appendonly", "yes", "--appendfsync", "always")
	})
}

// Memcached starts one. Without memcached the test is skipped, save in CI.
func Memcached(t testing.TB) *Server {
	t.Helper()
	program := find(t, "memcached", "memcached")
	addr, port := free(t)
	return begin(t, addr, func() *exec.Cmd {
		return exec.Command(program, "-u", "nobody", "-l", "127.0.0.1", "-p", port, "-U", "0") //nolint:noctx,gosec // Stop ends it; the names are ours
	})
}

// Stop kills the server.
func (s *Server) Stop() {
	if s.running != nil {
		_ = s.running.Process.Kill()
		_ = s.running.Wait()
		s.running = nil
	}
}

// Start starts it again at the same address, and returns when it answers.
func (s *Server) Start(t testing.TB) {
	t.Helper()
	s.running = s.command()
	if err := s.running.Start(); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(patience)
	for !s.answers() {
		if time.Now().After(deadline) {
			t.Fatalf("%s did not start", s.running.Path)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func begin(t testing.TB, addr string, command func() *exec.Cmd) *Server {
	t.Helper()
	s := &Server{Addr: addr, command: command}
	t.Cleanup(s.Stop)
	s.Start(t)
	return s
}

// answers asks what both kinds of server have an answer to, be it an error. A Redis that still reads its
// file accepts connections and answers LOADING.
func (s *Server) answers() bool {
	c, err := net.DialTimeout("tcp", s.Addr, time.Second) //nolint:noctx // it has a time-out
	if err != nil {
		return false
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(time.Second))
	b := make([]byte, 64)
	if _, err := fmt.Fprint(c, "PING\r\n"); err != nil {
		return false
	}
	n, err := c.Read(b)
	return err == nil && !strings.Contains(string(b[:n]), "LOADING")
}

func free(t testing.TB) (addr, port string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // nothing is waited for
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	addr = l.Addr().String()
	_, port, err = net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	return addr, port
}

func find(t testing.TB, program, pkg string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		skip(t, "there is no "+program+": apt-get install "+pkg)
	}
	return path
}

// skip skips the test, or fails it in CI.
func skip(t testing.TB, why string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(why)
	}
	t.Skip(why)
}
