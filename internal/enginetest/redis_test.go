package enginetest_test

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

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

func TestRedisReplicaHasWhatThePrimaryHas(t *testing.T) {
	t.Parallel()
	primary := enginetest.StartRedis(t)
	ask(t, primary, "SET kept 1")
	replica := enginetest.StartRedisReplica(t, primary)
	if got := ask(t, replica, "STRLEN kept"); got != ":1" {
		t.Errorf("got %q", got)
	}
	if got := ask(t, replica, "SET kept 2"); !strings.HasPrefix(got, "-READONLY") {
		t.Errorf("a replica takes writes: %q", got)
	}
}

func TestRedisClusterPartsTheSlots(t *testing.T) {
	t.Parallel()
	all := enginetest.StartRedisCluster(t)
	for i, s := range all {
		if got := ask(t, s, "SET kept 1"); strings.HasPrefix(got, "-MOVED") == (i == 0) { // its slot is the first one's
			t.Errorf("server %d says %q", i, got)
		}
	}
	replica := enginetest.StartRedisClusterReplicas(t, all[0])[0]
	all[0].Kill()
	for range 2400 { // two minutes: an election takes seconds, and many where the machine is busy
		if ask(t, replica, "SET kept 2") == "+OK" {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Error("nobody took the place of a server that was killed")
}
