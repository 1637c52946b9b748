package enginetest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// StartNATS starts a NATS server with JetStream, whose URL is nats://HOST:PORT, with no bucket. What it
// acknowledged it has given to the system: that survives the server's death, though not the machine's.
// Options are more of its command line.
func StartNATS(t testing.TB, options ...string) *Server {
	t.Helper()
	return nats(t, program(t, "nats-server", "apt-get install nats-server"), options...)
}

// StartNATSCluster starts three servers that are a cluster, of the version in tools/nats-server.
func StartNATSCluster(t testing.TB) []*Server {
	t.Helper()
	server := built(t, "nats-server")
	var routes []string
	for range 3 {
		addr, _ := free(t)
		routes = append(routes, "nats://"+addr)
	}
	var all []*Server
	for i, route := range routes {
		all = append(all, nats(t, server, "--name", fmt.Sprint("n", i), "--cluster_name", "waltz",
			"--cluster", route, "--routes", strings.Join(routes, ",")))
	}
	return all
}

func nats(t testing.TB, server string, options ...string) *Server {
	t.Helper()
	addr, port := free(t)
	options = append([]string{"-a", "127.0.0.1", "-p", port, "-js", "-sd", t.TempDir()}, options...)
	return start(t, &Server{Addr: addr, URL: "nats://" + addr, death: os.Kill, answers: greets(addr), command: func() *exec.Cmd {
		return exec.Command(server, options...) //nolint:noctx,gosec // Kill ends it; the names are ours
	}})
}

// built returns a program that is built from the module tools/NAME, at the first time.
func built(t testing.TB, name string) string {
	t.Helper()
	root, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/waltz-oauth/waltz").Output()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(strings.TrimSpace(string(root)), "tools", name)
	path, err := exec.CommandContext(t.Context(), "go", "-C", dir, "tool", "-n", name).Output() //nolint:gosec // the names are ours
	if err != nil {
		skip(t, "cannot build "+name+": go -C tools/"+name+" mod download")
	}
	return strings.TrimSpace(string(path))
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
