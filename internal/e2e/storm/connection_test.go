package storm

import (
	"database/sql"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz"
	"github.com/waltz-oauth/waltz/internal/e2e/engines"
	"github.com/waltz-oauth/waltz/storage/sqlstore"
	"github.com/waltz-oauth/waltz/storage/sqlstore/postgres"
)

func TestNoConnectionIsHeldWhileTheProviderIsCalled(t *testing.T) {
	t.Parallel()
	const refreshes = 40
	t.Log(oneConnection(t, refreshes, 500*time.Millisecond))
}

// oneConnection has that many grants refreshed at once over a database of one connection, by a provider
// that answers none of them for so long once it has them all, and returns what other queries took before
// and meanwhile.
func oneConnection(t *testing.T, refreshes int, slow time.Duration) string {
	t.Helper()
	e, _ := engines.Named("postgres")
	f := newField(t, e, weather{grants: refreshes, lease: time.Minute})
	db, err := postgres.OpenDB(f.job.Where)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	s, err := sqlstore.New(db, sqlstore.Config{Dialect: postgres.Dialect()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	c, app, err := consumer(s, f.job)
	if err != nil {
		t.Fatal(err)
	}
	before := queries(t, db, slow)
	release := f.records.hold()
	defer release()
	var users sync.WaitGroup
	for i := range refreshes {
		users.Go(func() {
			if _, err := c.Token(waltz.WithUser(t.Context(), user(i))); err != nil {
				t.Error(err)
			}
		})
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		users.Wait()
	}()
	for f.records.waiting() < refreshes { // until the provider has all of them
		select {
		case <-ended:
			t.Fatal("the provider was never called by all at once")
		case <-time.After(time.Millisecond):
		}
	}
	free := func() {
		if n := db.Stats().InUse; n != 0 {
			t.Errorf("%d connections are in use while the provider is called", n)
		}
	}
	free()
	meanwhile := queries(t, db, slow)
	free()
	release()
	<-ended
	if err := app.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if dead := f.lost(1); len(dead) > 0 {
		t.Errorf("%d grants are lost", len(dead))
	}
	return fmt.Sprintf("%d refreshes of %v: the 99th percentile of another query is %v, and was %v", refreshes, slow, meanwhile, before)
}

// queries asks the database something else for so long, and returns the 99th percentile of what it took.
func queries(t *testing.T, db *sql.DB, lasting time.Duration) time.Duration {
	t.Helper()
	var all []time.Duration
	for end := time.Now().Add(lasting); time.Now().Before(end); {
		start := time.Now()
		var one int
		if err := db.QueryRowContext(t.Context(), "SELECT 1").Scan(&one); err != nil {
			t.Fatal(err)
		}
		all = append(all, time.Since(start))
	}
	slices.Sort(all)
	return all[len(all)*99/100].Round(time.Microsecond)
}
