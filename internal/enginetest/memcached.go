package enginetest

import (
	"os"
	"os/exec"
	"testing"
)

// StartMemcached starts a memcached.
func StartMemcached(t testing.TB) *Server {
	t.Helper()
	memcached := program(t, "memcached", "apt-get install memcached")
	addr, port := free(t)
	return start(t, &Server{Addr: addr, death: os.Kill, answers: replies(addr), command: func() *exec.Cmd {
		return exec.Command(memcached, "-u", "nobody", "-l", "127.0.0.1", "-p", port, "-U", "0") //nolint:noctx,gosec // Kill ends it; the names are ours
	}})
}
