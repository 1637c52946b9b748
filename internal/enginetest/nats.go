package enginetest

import (
	"bufio"
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// StartNATS starts a NATS server with JetStream, whose URL is nats://HOST:PORT, with no bucket. What it
// acknowledged it has given to the system: that survives the server's death, though not the machine's.
// Options are more of its command line.
func StartNATS(t testing.TB, options ...string) *Server {
	t.Helper()
	server := program(t, "nats-server", "apt-get install nats-server")
	addr, port := free(t)
	options = append([]string{"-a", "127.0.0.1", "-p", port, "-js", "-sd", t.TempDir()}, options...)
	return start(t, &Server{Addr: addr, URL: "nats://" + addr, death: os.Kill, answers: greets(addr), command: func() *exec.Cmd {
		return exec.Command(server, options...) //nolint:noctx,gosec // Kill ends it; the names are ours
	}})
}

// greets waits for the server's greeting, which says that it has JetStream once it has read its files.
func greets(addr string) func(context.Context) error {
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
		line, err := bufio.NewReader(c).ReadString('\n')
		if err == nil && !strings.Contains(line, `"jetstream":true`) {
			err = errors.New("it has no JetStream")
		}
		return err
	}
}
