//go:build unix

package enginetest

import (
	"context"
	"database/sql"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
)

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
	return start(t, &Server{Addr: addr, URL: u.String(), death: syscall.SIGQUIT, answers: pings(t, db), command: func() *exec.Cmd {
		return as(postgres, "-D", data, "-p", port, "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="+dir)
	}})
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
	s := start(t, &Server{Addr: addr, death: os.Kill, answers: pings(t, db), command: func() *exec.Cmd {
		return as(mariadb, "--no-defaults", "--datadir", data, "--port", port, "--bind-address", "127.0.0.1",
			"--socket", filepath.Join(dir, "socket"), "--pid-file", filepath.Join(dir, "pid"))
	}})
	if _, err := db.ExecContext(t.Context(), "CREATE DATABASE waltz"); err != nil {
		t.Fatal(err)
	}
	u.Path = "/waltz"
	s.URL = u.String()
	return s
}

// pings asks whether the server that db opens is there.
func pings(t testing.TB, db *sql.DB) func(context.Context) error {
	t.Helper()
	db.SetMaxIdleConns(0) // so that each question goes to the server that is there now
	t.Cleanup(func() { _ = db.Close() })
	return db.PingContext
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
