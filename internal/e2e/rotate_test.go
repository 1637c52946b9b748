package e2e

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz/internal/enginetest"
	"github.com/waltz-oauth/waltz/storage/seal"
	"github.com/waltz-oauth/waltz/storage/seal/keyfile"
	"github.com/waltz-oauth/waltz/storage/sqlstore"
	"github.com/waltz-oauth/waltz/storage/sqlstore/postgres"
	"github.com/waltz-oauth/waltz/token"
)

func TestKeysRotateUnderReadersAndWriters(t *testing.T) {
	t.Parallel()
	const rows = 400
	t.Log(rotates(t, rows))
}

// rotates has the command seal that many rows of PostgreSQL anew while others read and write them, kills
// it on the way, and has it go on. It returns the pace.
func rotates(t *testing.T, rows int) string {
	t.Helper()
	url := enginetest.Postgres(t)
	db, err := postgres.OpenDB(url)
	if err != nil {
		t.Fatal(err)
	}
	below, err := sqlstore.New(db, sqlstore.Config{Dialect: postgres.Dialect(), Owned: true})
	if err != nil {
		t.Fatal(err)
	}
	defer below.Close()
	if err := below.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "keys.json")
	keys, err := keyfile.New(keyfile.Config{Path: file})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := keys.Create(t.Context()); err != nil {
		t.Fatal(err)
	}
	f := &rotated{t: t, rows: rows, below: below}
	if f.s, err = seal.New(t.Context(), seal.Config{Next: below, Keys: keys, Logger: slog.New(slog.DiscardHandler)}); err != nil {
		t.Fatal(err)
	}
	f.fill()
	if f.id, err = keys.Add(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := keys.Promote(t.Context(), f.id); err != nil {
		t.Fatal(err)
	}
	busy, stop := context.WithCancel(t.Context())
	var others sync.WaitGroup
	for range 8 {
		others.Go(func() { f.read(busy) })
	}
	writes := make([]map[int]uint64, 2)
	for i := range writes {
		others.Go(func() { writes[i] = f.write(busy, i, len(writes)) })
	}
	command := func() *exec.Cmd {
		return exec.CommandContext(t.Context(), "waltz", "keys", "rotate", "--keys", file, "--storage", url)
	}
	start := time.Now()
	first := command()
	letGo := f.hold(db) // or a slow test could come too late to kill it
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	for f.share() < 0.25 {
		time.Sleep(time.Millisecond)
	}
	_ = first.Process.Kill()
	if err := first.Wait(); err == nil {
		t.Error("the command was done before it was killed")
	}
	letGo()
	at := f.share()
	out, err := command().CombinedOutput()
	took := time.Since(start)
	stop()
	others.Wait()
	if err != nil {
		t.Errorf("going on: %v\n%s", err, out)
	}
	u, err := f.s.Usage(t.Context())
	if err != nil || u.Keys[f.id] != rows || len(u.Keys) != 1 || u.Plain != 0 {
		t.Errorf("in the end there are %+v, %v", u, err)
	}
	written := f.nothingLost(writes)
	if f.reads.Load() == 0 || written == 0 {
		t.Errorf("%d reads and %d writes are too few to say anything", f.reads.Load(), written)
	}
	return fmt.Sprintf("%d rows in %v, %.0f a second, under 8 readers (%d reads) and 2 writers (%d writes), killed when about %.0f %% were sealed anew",
		rows, took.Round(time.Millisecond), float64(rows)/took.Seconds(), f.reads.Load(), written, 100*at)
}

type rotated struct {
	t     *testing.T
	rows  int
	below *sqlstore.Storage
	s     *seal.Storage
	id    uint32 // of the key that is to seal
	reads atomic.Int64
}

func rotatedKey(i int) token.Key { return token.Key{Provider: "github", User: strconv.Itoa(i)} }

func rotatedToken(i int) string { return "fake-access-" + strconv.Itoa(i) }

func (f *rotated) fill() {
	var all sync.WaitGroup
	const atOnce = 8
	for w := range atOnce {
		all.Go(func() {
			for i := w; i < f.rows; i += atOnce {
				if err := f.s.Set(f.t.Context(), rotatedKey(i), token.New(&token.Token{AccessToken: rotatedToken(i)})); err != nil {
					f.t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
}

// hold keeps a row from being written until the function that it returns is called.
func (f *rotated) hold(db *sql.DB) (letGo func()) {
	f.t.Helper()
	tx, err := db.BeginTx(f.t.Context(), nil)
	if err != nil {
		f.t.Fatal(err)
	}
	held := rotatedKey(f.rows - 1)
	const lock = `SELECT 1 FROM "waltz_tokens" WHERE provider = $1 AND user_id = $2 FOR UPDATE`
	var one int
	if err := tx.QueryRowContext(f.t.Context(), lock, []byte(held.Provider), []byte(held.User)).Scan(&one); err != nil {
		f.t.Fatal(err)
	}
	return func() { _ = tx.Rollback() }
}

// share is about how much of the rows the new key has sealed.
func (f *rotated) share() float64 {
	const sample = 100
	n := 0
	for range sample {
		r, err := f.below.Get(f.t.Context(), rotatedKey(rand.IntN(f.rows)))
		if err != nil {
			f.t.Fatal(err)
		}
		if id, _ := seal.KeyID(r); id == f.id {
			n++
		}
	}
	return float64(n) / sample
}

// read reads this and that, which must be what was written there.
func (f *rotated) read(ctx context.Context) {
	for ctx.Err() == nil {
		i := rand.IntN(f.rows)
		r, err := f.s.Get(context.WithoutCancel(ctx), rotatedKey(i))
		if err != nil || r.Token.AccessToken != rotatedToken(i) {
			f.t.Errorf("row %d was not read: %v", i, err)
			return
		}
		f.reads.Add(1)
	}
}

// write changes rows that no other writer changes, and returns how often it did.
func (f *rotated) write(ctx context.Context, own, writers int) map[int]uint64 {
	did := make(map[int]uint64)
	for ctx.Err() == nil {
		i := rand.IntN(f.rows/writers)*writers + own
		ctx := context.WithoutCancel(ctx)
		r, err := f.s.Load(ctx, rotatedKey(i))
		if err != nil {
			f.t.Errorf("row %d was not read: %v", i, err)
			return did
		}
		r.Generation++
		if _, err := f.s.Swap(ctx, rotatedKey(i), r.Version, r); err == nil {
			did[i]++
		}
		time.Sleep(time.Millisecond)
	}
	return did
}

// nothingLost looks for every write, and returns how many there are.
func (f *rotated) nothingLost(writes []map[int]uint64) (all uint64) {
	f.t.Helper()
	for _, did := range writes {
		for i, n := range did {
			all += n
			r, err := f.s.Load(f.t.Context(), rotatedKey(i))
			if err != nil || r.Generation != n {
				f.t.Errorf("row %d was written %d times and has %d, %v", i, n, r.Generation, err)
			}
		}
	}
	return all
}
