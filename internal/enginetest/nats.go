//go:build unix

package enginetest

import (
	"bufio"
	"context"
	"errors"
	"net"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// StartNATS starts a NATS server with JetStream, whose URL is nats://HOST:PORT. What it acknowledged it
// has given to the system, so that it survives the server's death, though not the machine's.
func StartNATS(t testing.TB) *Server {
	t.Helper()
	server := program(t, "nats-server", "apt-get install nats-server")
	dir := t.TempDir()
	addr, port := free(t)
	s := &Server{
		URL:   "nats://" + addr,
		death: syscall.SIGKILL,
		command: func() *exec.Cmd {
			return exec.Command(server, "-a", "127.0.0.1", "-p", port, "-js", "-sd", dir) //nolint:noctx,gosec // Kill ends it; the names are ours
		},
		answers: func(ctx context.Context) error { return greets(ctx, addr) },
	}
	t.Cleanup(s.Kill)
	s.Start(t)
	return s
}

// greets returns an error unless the server's greeting says that it has JetStream, which it says once it
// has read its files.
func greets(ctx context.Context, addr string) error {
	var dialer net.Dialer
	c, err := dialer.DialContext(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	defer c.Close()
	if deadline, ok := ctx.Deadline(); ok {
		_ = c.SetDeadline(deadline)
	}
	line, err := bufio.NewReader(c).ReadString('\n')
	if err == nil && !strings.Contains(line, `"jetstream":true`) {
		err = errors.New("it has no JetStream")
	}
	return err
}
