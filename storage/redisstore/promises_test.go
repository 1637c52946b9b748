package redisstore_test

import (
	"os"
	"strings"
	"testing"

	"github.com/waltz-oauth/waltz/internal/enginetest"
	"github.com/waltz-oauth/waltz/storage/storagetest"
	"github.com/waltz-oauth/waltz/token"
)

func TestPromises(t *testing.T) {
	t.Parallel()
	s, _, _ := shared(t)
	storagetest.Run(t, func(*testing.T) token.Storage { return s })
}

func TestPromisesInACluster(t *testing.T) {
	t.Parallel()
	s := opened(t, enginetest.StartRedisCluster(t)[0].URL)
	storagetest.Run(t, func(*testing.T) token.Storage { return s })
}

// No more is wanted than docs/redis.md says.
func TestPromisesWithFewRights(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/redis.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rights, found := strings.Cut(string(page), "ACL SETUSER waltz on >PASSWORD ")
	rights, _, _ = strings.Cut(rights, "\n```")
	if !found {
		t.Fatal("the page names no rights")
	}
	_, client := own(t)
	args := []any{"ACL", "SETUSER", "waltz", "on", ">fake-password"}
	for _, right := range strings.Fields(strings.ReplaceAll(rights, "\\\n", "")) {
		args = append(args, right)
	}
	if err := client.Do(t.Context(), args...).Err(); err != nil {
		t.Fatal(err)
	}
	s := opened(t, "redis://waltz:fake-password@"+client.Options().Addr)
	storagetest.Run(t, func(*testing.T) token.Storage { return s })
	heard := watching(t, s)
	set(t, s, alice, record("a"))
	hears(t, heard, alice)
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
}
