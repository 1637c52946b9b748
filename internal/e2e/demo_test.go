package e2e

import (
	"bufio"
	"bytes"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// demo starts "waltz demo" with that storage, and returns where it is. When the test ends it is told
// to end, and must do so in good order, with no secret of the provider's in what it has written.
func demo(t *testing.T, storage string) (url string) {
	t.Helper()
	c := exec.Command("waltz", "demo", "--addr", "127.0.0.1:0", "--storage", storage) //nolint:noctx // it is told to end below, which a context would do the hard way
	c.Dir = t.TempDir()
	var log bytes.Buffer
	c.Stderr = &log
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	first := make(chan string)
	ended := make(chan error, 1)
	go func() {
		lines := bufio.NewScanner(out)
		var once sync.Once
		for lines.Scan() {
			line := lines.Text()
			once.Do(func() { first <- line })
		}
		once.Do(func() { close(first) })
		ended <- c.Wait()
	}()
	t.Cleanup(func() {
		_ = c.Process.Signal(syscall.SIGTERM) // it may have ended already, which Wait tells
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("the demo ended with %v: %s", err, &log)
			}
		case <-time.After(patience):
			_ = c.Process.Kill()
			t.Errorf("the demo does not end: %v", <-ended)
		}
		if strings.Contains(log.String(), "fake-") {
			t.Errorf("a secret is in the demo's log:\n%s", &log)
		}
	})
	select {
	case url = <-first:
	case <-time.After(patience):
		t.Fatal("the demo says nothing")
	}
	if !strings.HasPrefix(url, "http://127.0.0.1:") || !strings.HasSuffix(url, "/") {
		t.Fatalf("the demo says %q, and not where it is", url)
	}
	return url
}
