//go:build unix

package enginetest

import (
	"context"
	"database/sql"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// Server is an engine of the test's own, on a free port of loopback, in a directory that is removed
// with it.
type Server struct {
	URL string // of an empty database

	command func() *exec.Cmd
	death   os.Signal
	answers func(context.Context) error
	running *os.Process // nil: none
	ended   chan struct{}
}

// StartPostgres starts a PostgreSQL that has what it acknowledged on disk.
func StartPostgres(t testing.TB) *Server {
	t.Helper()
	const how = "apt-get install postgresql"
	dir, as := home(t, "postgres", how)
	init, postgres := program(t, "initdb", how), program(t, "postgres", how)
	data := filepath.Join(dir, "data")
	run(t, as(init, "--pgdata", data, "--username", "postgres", "--auth", "trust", "--encoding", "UTF8", "--no-sync"))
	addr, port := free(t)
	u := url.URL{Scheme: "postgres", User: url.User("postgres"), Host: addr, Path: "/postgres"}
	db, err := sql.Open("pgx", u.String())
	if err != nil {
		t.Fatal(err)
	}
	// PostgreSQL's processes all end at once by SIGQUIT to the first of them, by SIGKILL one after another.
	return start(t, u.String(), db, syscall.SIGQUIT, func() *exec.Cmd {
		return as(postgres, "-D", data, "-p", port, "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="+dir)
	})
}

// StartMySQL starts a MariaDB that has what it acknowledged on disk.
func StartMySQL(t testing.TB) *Server {
	t.Helper()
	const how = "apt-get install mariadb-server"
	dir, as := home(t, "mysql", how)
	init, mariadb := program(t, "mariadb-install-db", how), program(t, "mariadbd", how)
	data := filepath.Join(dir, "data")
	run(t, as(init, "--no-defaults", "--datadir="+data, "--auth-root-authentication-method=normal", "--skip-test-db"))
	addr, port := free(t)
	u := url.URL{Scheme: "mysql", User: url.User("root"), Host: addr}
	db := mysqlDB(t, &u)
	s := start(t, "", db, syscall.SIGKILL, func() *exec.Cmd {
		return as(mariadb, "--no-defaults", "--datadir", data, "--port", port, "--bind-address", "127.0.0.1",
			"--socket", filepath.Join(dir, "socket"), "--pid-file", filepath.Join(dir, "pid"))
	})
	if _, err := db.ExecContext(t.Context(), "CREATE DATABASE waltz"); err != nil {
		t.Fatal(err)
	}
	u.Path = "/waltz"
	s.URL = u.String()
	return s
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

func start(t testing.TB, url string, db *sql.DB, death os.Signal, command func() *exec.Cmd) *Server {
	t.Helper()
	db.SetMaxIdleConns(0) // so that each question goes to the server that is there now
	t.Cleanup(func() { _ = db.Close() })
	s := &Server{URL: url, command: command, death: death, answers: db.PingContext}
	t.Cleanup(s.Kill)
	s.Start(t)
	return s
}

// home makes a directory for the engine's user, and returns what makes its commands. Engines
// refuse to run as root, which some machines test as.
func home(t testing.TB, engine, how string) (dir string, as func(name string, args ...string) *exec.Cmd) {
	t.Helper()
	// t.TempDir is within a directory that is this user's alone.
	dir, err := os.MkdirTemp("", "waltz") //nolint:usetesting // see above
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	attr := &syscall.SysProcAttr{}
	if os.Getuid() == 0 {
		u, err := user.Lookup(engine)
		if err != nil {
			skip(t, "no user "+engine+" to run the engine as: "+how)
		}
		uid, gid := number(t, u.Uid), number(t, u.Gid)
		if err := os.Chown(dir, uid, gid); err != nil {
			t.Fatal(err)
		}
		attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)} //nolint:gosec // they come from the system
	}
	return dir, func(name string, args ...string) *exec.Cmd {
		cmd := exec.Command(name, args...) //nolint:noctx,gosec // Kill ends it; the names are ours
		cmd.Dir, cmd.SysProcAttr = dir, attr
		return cmd
	}
}

func number(t testing.TB, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
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
