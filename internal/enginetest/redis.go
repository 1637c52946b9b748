package enginetest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// StartRedis starts a Redis that has what it acknowledged on disk.
func StartRedis(t testing.TB) *Server {
	t.Helper()
	return redis(t)
}

// redis starts one with more options of its command line.
func redis(t testing.TB, options ...string) *Server {
	t.Helper()
	redis := program(t, "redis-server", "apt-get install redis-server")
	addr, port := free(t)
	dir := t.TempDir()
	options = append([]string{
		"--bind", "127.0.0.1", "--port", port, "--dir", dir,
		"--save", "", "--appendonly", "yes", "--appendfsync", "always",
	}, options...)
	return start(t, &Server{Addr: addr, URL: "redis://" + addr, death: os.Kill, answers: replies(addr), command: func() *exec.Cmd {
		return exec.Command(redis, options...) //nolint:noctx,gosec // Kill ends it; the names are ours
	}})
}

// StartMemcached starts a memcached.
func StartMemcached(t testing.TB) *Server {
	t.Helper()
	memcached := program(t, "memcached", "apt-get install memcached")
	addr, port := free(t)
	return start(t, &Server{Addr: addr, death: os.Kill, answers: replies(addr), command: func() *exec.Cmd {
		return exec.Command(memcached, "-u", "nobody", "-l", "127.0.0.1", "-p", port, "-U", "0") //nolint:noctx,gosec // Kill ends it; the names are ours
	}})
}

// replies asks what Redis and memcached have an answer to, be it an error. A Redis that still reads its
// file accepts connections and answers LOADING.
func replies(addr string) func(context.Context) error {
	return func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		var d net.Dialer
		c, err := d.DialContext(ctx, "tcp", addr)
		if err != nil {
			return err
		}
		defer c.Close()
		if at, ok := ctx.Deadline(); ok {
			_ = c.SetDeadline(at)
		}
		if _, err := fmt.Fprint(c, "PING\r\n"); err != nil {
			return err
		}
		b := make([]byte, 64)
		n, err := c.Read(b)
		if err == nil && strings.Contains(string(b[:n]), "LOADING") {
			err = errors.New("it is loading")
		}
		return err
	}
}
