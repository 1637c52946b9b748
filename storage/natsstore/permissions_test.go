package natsstore_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz/internal/enginetest"
	"github.com/waltz-oauth/waltz/storage/natsstore"
	"github.com/waltz-oauth/waltz/storage/storagetest"
	"github.com/waltz-oauth/waltz/token"
)

// What docs/nats.md says that an application needs is all that it needs.
func TestPermissionsOfTheDocsAreEnough(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.FromSlash("../../docs/nats.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, config, _ := strings.Cut(string(page), "```\nauthorization ")
	config, _, ok := strings.Cut(config, "```")
	if !ok {
		t.Fatal("docs/nats.md shows no authorization")
	}
	file := filepath.Join(t.TempDir(), "nats.conf")
	if err := os.WriteFile(file, []byte("authorization "+config), 0o600); err != nil {
		t.Fatal(err)
	}
	server := enginetest.StartNATS(t, "--config", file)
	bucket := func(user, name string) string { return "nats://" + user + "@" + server.Addr + "/" + name }

	create(t, bucket("admin:fake-admin", "tokens"))
	s := open(t, bucket("app:fake-app", "tokens"))
	heard, _ := watch(t.Context(), t, s)
	set(t, s, alice(), record("a"))
	if got := next(t, heard); got != alice() {
		t.Errorf("heard of %s", got)
	}
	storagetest.Run(t, func(*testing.T) token.Storage { return s })
	if err := s.SweepOlder(t.Context(), 0); err != nil {
		t.Error(err)
	}

	// What is forbidden is not answered, so the error has what the connection was told.
	create(t, bucket("admin:fake-admin", "others"))
	nc, others, err := natsstore.Connect(bucket("app:fake-app", "others"))
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	if _, err := natsstore.New(ctx, jetStream(t, nc), others); err == nil || !strings.Contains(strings.ToLower(err.Error()), "permissions violation") {
		t.Errorf("got error %v", err)
	}
}
