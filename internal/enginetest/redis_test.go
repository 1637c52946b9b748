package enginetest_test

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/waltz-oauth/waltz/internal/enginetest"
)

func TestRedisKeepsWhatItHasThroughItsDeath(t *testing.T) {
	t.Parallel()
	s := enginetest.StartRedis(t)
	if got := ask(t, s, "SET kept 1"); got != "+OK" {
		t.Fatalf("got %q", got)
	}
	s.Kill()
	if c, err := net.Dial("tcp", s.Addr); err == nil { //nolint:noctx // nothing is waited for
		_ = c.Close()
		t.Error("a server that was killed answers")
	}
	s.Start(t)
	if got := ask(t, s, "STRLEN kept"); got != ":1" {
		t.Errorf("got %q", got)
	}
}

// ask returns the first line of the answer.
func ask(t *testing.T, s *enginetest.Server, command string) string {
	t.Helper()
	c, err := net.Dial("tcp", s.Addr) //nolint:noctx // nothing is waited for
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := fmt.Fprint(c, command, "\r\n"); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(c).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(line)
}
