package cache_test

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/waltz-oauth/waltz/internal/enginetest"
	"github.com/waltz-oauth/waltz/storage/cache"
	"github.com/waltz-oauth/waltz/storage/cache/natsbus"
	"github.com/waltz-oauth/waltz/storage/cache/pgbus"
	"github.com/waltz-oauth/waltz/storage/filestore"
)

// The test starts itself as the other process, which keeps tokens in memory for an hour: only the bus
// can make it see what this one writes.
func TestChangeReachesAnotherProcess(t *testing.T) {
	t.Parallel()
	if dir := os.Getenv("CACHE_TEST_DIR"); dir != "" {
		otherProcess(t, dir)
		return
	}
	t.Run("redis", func(t *testing.T) {
		t.Parallel()
		addr := enginetest.StartRedis(t).Addr
		changeReaches(t, openRedis(t, addr), "CACHE_TEST_REDIS="+addr)
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		url := enginetest.Postgres(t)
		changeReaches(t, openPostgres(t, url), "CACHE_TEST_POSTGRES="+url)
	})
	t.Run("nats", func(t *testing.T) {
		t.Parallel()
		url := "nats://" + enginetest.NATS(t)
		changeReaches(t, openNATS(t, url), "CACHE_TEST_NATS="+url)
	})
}

func changeReaches(t *testing.T, bus cache.Bus, env ...string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "tokens")
	s := open(t, cache.Config{Next: openFile(t, dir), Bus: bus, Timeout: patience})
	set(t, s, 1)

	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	other := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestChangeReachesAnotherProcess$")
	other.Env = append(append(os.Environ(), "CACHE_TEST_DIR="+dir), env...)
	other.Stderr = os.Stderr
	out, err := other.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	sees := func(want int) {
		t.Helper()
		var got int
		if _, err := fmt.Fscan(out, &got); err != nil || got != want {
			t.Fatalf("the other process sees token %d, %v, want %d", got, err, want)
		}
	}
	sees(1)
	set(t, s, 2)
	sees(2)
	if err := s.Delete(t.Context(), alice()); err != nil { // a logout
		t.Fatal(err)
	}
	sees(0)
	_, _ = io.Copy(io.Discard, out)
	if err := other.Wait(); err != nil {
		t.Error(err)
	}
}

// otherProcess prints what token it has, and again when it has another, until it has none.
func otherProcess(t *testing.T, dir string) {
	var b cache.Bus
	if url := os.Getenv("CACHE_TEST_POSTGRES"); url != "" {
		b = openPostgres(t, url)
	} else if url := os.Getenv("CACHE_TEST_NATS"); url != "" {
		b = openNATS(t, url)
	} else {
		b = openRedis(t, os.Getenv("CACHE_TEST_REDIS"))
	}
	hears := make(chan struct{}, 10)
	s := open(t, cache.Config{Next: openFile(t, dir), Bus: hearing{b, hears}, TTL: time.Hour})
	go s.Run(t.Context())
	<-hears
	for had := -1; had != 0; time.Sleep(5 * time.Millisecond) {
		if has := current(t, s, alice()); has != had {
			had = has
			fmt.Println(had)
		}
	}
}

// hearing is a bus that says when it hears.
type hearing struct {
	cache.Bus

	hears chan<- struct{}
}

func (h hearing) Subscribe(ctx context.Context, ready func(), receive func(string)) error {
	return h.Bus.Subscribe(ctx, func() {
		ready()
		h.hears <- struct{}{}
	}, receive)
}

func openPostgres(t *testing.T, url string) cache.Bus {
	t.Helper()
	db, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	b, err := pgbus.New(pgbus.Config{DB: db, URL: url})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// openNATS returns a bus by which the processes of one test find each other.
func openNATS(t *testing.T, url string) cache.Bus {
	t.Helper()
	nc, err := nats.Connect(url, nats.ReconnectWait(50*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	b, err := natsbus.New(natsbus.Config{Conn: nc})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func openFile(t *testing.T, dir string) *filestore.Storage {
	t.Helper()
	s, err := filestore.New(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}
