package enginetest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

const howRedis = "apt-get install redis-server"

// StartRedis starts a Redis that has what it acknowledged on disk.
func StartRedis(t testing.TB) *Server {
	t.Helper()
	return redis(t)
}

// redis starts one with more options of its command line.
func redis(t testing.TB, options ...string) *Server {
	t.Helper()
	redis := program(t, "redis-server", howRedis)
	addr, port := free(t)
	dir := t.TempDir()
	options = append([]string{
		"--bind", "127.0.0.1", "--port", port, "--dir", dir,
		"--save", "", "--appendonly", "yes", "--appendfsync", "always",
		"--repl-diskless-sync-delay", "0", // or replicas wait five seconds
	}, options...)
	return start(t, &Server{Addr: addr, URL: "redis://" + addr, death: os.Kill, answers: replies(addr), command: func() *exec.Cmd {
		return exec.Command(redis, options...) //nolint:noctx,gosec // Kill ends it; the names are ours
	}})
}

// StartRedisReplica starts a Redis that has what primary has, a moment later. It takes no writes until
// it is told REPLICAOF NO ONE.
func StartRedisReplica(t testing.TB, primary *Server) *Server {
	t.Helper()
	s := redis(t, "--replicaof", strings.Replace(primary.Addr, ":", " ", 1))
	says(t, s, "INFO replication", "master_link_status:up")
	return s
}

// StartRedisSentinel starts a Sentinel that gives the place of primary to one of its replicas, a few seconds
// after it was killed. Its URL names the place.
func StartRedisSentinel(t testing.TB, primary *Server) *Server {
	t.Helper()
	file := filepath.Join(t.TempDir(), "sentinel.conf")
	addr, port := free(t)
	text := "sentinel monitor waltz " + strings.Replace(primary.Addr, ":", " ", 1) + " 1\n" +
		"sentinel down-after-milliseconds waltz 500\n" +
		"sentinel failover-timeout waltz 5000\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil { // which it writes to
		t.Fatal(err)
	}
	redis := program(t, "redis-server", howRedis)
	return start(t, &Server{Addr: addr, URL: "redis://" + addr + "?master_name=waltz", death: os.Kill, answers: replies(addr), command: func() *exec.Cmd {
		return exec.Command(redis, file, "--sentinel", "--bind", "127.0.0.1", "--port", port) //nolint:noctx,gosec // Kill ends it; the names are ours
	}})
}

// replies asks what Redis and memcached have an answer to, be it an error. A Redis that still reads its
// file accepts connections and answers LOADING.
func replies(addr string) func(context.Context) error {
	return func(ctx context.Context) error {
		answer, err := ask(ctx, addr, "PING")
		if err == nil && strings.Contains(answer, "LOADING") {
			err = errors.New("it is loading")
		}
		return err
	}
}

// tell gives a command that answers OK.
func tell(t testing.TB, s *Server, command string) {
	t.Helper()
	if answer, err := ask(t.Context(), s.Addr, command); err != nil || answer != "+OK\r\n" {
		t.Fatalf("%s: %q, %v", command, answer, err)
	}
}

// says waits until the answer to a command has all of these words in it.
func says(t testing.TB, s *Server, command string, words ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		answer, err := ask(ctx, s.Addr, command)
		if !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(answer, w) }) {
			return
		}
		if ctx.Err() != nil {
			t.Fatalf("%s: %q, %v; waited for %q", command, answer, err, words)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// ask returns the answer to a command whose words need no quotes, as it comes over the line.
func ask(ctx context.Context, addr, command string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return "", err
	}
	defer c.Close()
	if at, ok := ctx.Deadline(); ok {
		_ = c.SetDeadline(at)
	}
	if _, err := fmt.Fprint(c, command, "\r\n"); err != nil {
		return "", err
	}
	const most = 4 << 10
	b := make([]byte, most)
	n, err := c.Read(b)
	return string(b[:n]), err
}
