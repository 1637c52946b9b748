package redisstore_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz/internal/enginetest"
	"github.com/waltz-oauth/waltz/token"
)

// fill stores a record at each key, several at a time.
func fill(t testing.TB, s token.Storage, n int, entry func(i int) (token.Key, token.Record)) {
	t.Helper()
	const writers = 8
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := w; i < n; i += writers {
				key, r := entry(i)
				if err := s.Set(t.Context(), key, r); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

func TestListOfManyPages(t *testing.T) {
	t.Parallel()
	const n = 3000
	at := time.Unix(2_000_000_000, 0)
	for name, key := range map[string]func(i int) token.Key{
		"many users": func(i int) token.Key {
			return token.Key{Provider: "github", User: fmt.Sprintf("%05d", i), Account: "a"}
		},
		"one user": func(i int) token.Key {
			return token.Key{Provider: "github", User: "everybody", Account: fmt.Sprintf("%05d", i)}
		},
		"no user": func(i int) token.Key {
			return token.Key{Provider: fmt.Sprintf("%05d", i)}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _, _ := shared(t)
			fill(t, s, n, func(i int) (token.Key, token.Record) {
				r := record("a")
				r.Subject, r.RefreshAt = "subject", at.Add(-time.Duration(i)*time.Second)
				return key(i), r
			})
			for _, f := range []token.Filter{{}, {Subject: "subject"}, {Due: at}, {Provider: key(0).Provider}, {User: key(0).User}, {User: key(0).User, Due: at}} {
				var want []token.Key
				for i := range n {
					if k := key(i); f.Match(k, token.Record{Subject: f.Subject, RefreshAt: at.Add(-1)}) {
						want = append(want, k)
					}
				}
				got := list(t, s, f)
				if len(got) != len(want) {
					t.Errorf("%+v: %d entries, want %d", f, len(got), len(want))
					continue
				}
				for i, e := range got {
					if e.Key != want[i] {
						t.Errorf("%+v: entry %d is %s, want %s", f, i, e.Key, want[i])
						break
					}
				}
			}
		})
	}
}

// What does not change is listed once, whatever comes and goes around it.
func TestListWhileOthersWrite(t *testing.T) {
	t.Parallel()
	const n = 1500
	s, _, _ := shared(t)
	r := record("a")
	r.RefreshAt = time.Unix(1, 0)
	key := func(i int) token.Key { return token.Key{Provider: "p", User: fmt.Sprintf("%05d", i)} }
	fill(t, s, n, func(i int) (token.Key, token.Record) { return key(i), r })
	stop := make(chan struct{})
	var writing sync.WaitGroup
	writing.Go(func() {
		for i := 1; ; i = (i + 14) % n { // odd ones come and go
			select {
			case <-stop:
				return
			default:
			}
			if err := errors.Join(s.Delete(t.Context(), key(i|1)), s.Set(t.Context(), key(i|1), r)); err != nil {
				t.Error(err)
				return
			}
		}
	})
	for _, f := range []token.Filter{{}, {Due: time.Now()}} {
		for range 3 {
			seen := make(map[token.Key]bool)
			last := token.Key{}
			for _, e := range list(t, s, f) {
				if e.Key.Compare(last) <= 0 {
					t.Fatalf("%s comes after %s", e.Key, last)
				}
				last, seen[e.Key] = e.Key, true
			}
			for i := 0; i < n; i += 2 {
				if !seen[key(i)] {
					t.Errorf("%+v: %s is not listed", f, key(i))
				}
			}
		}
	}
	close(stop)
	writing.Wait()
}

func TestDueIsExact(t *testing.T) {
	t.Parallel()
	s, _, _ := shared(t)
	for _, at := range []time.Time{
		time.Date(2031, 1, 1, 0, 0, 0, 1500, time.UTC), // finer than a microsecond
		time.Date(1969, 12, 31, 23, 59, 59, 999_999_000, time.UTC),
		time.Date(9999, 12, 31, 23, 59, 59, 999_999_000, time.UTC), // finer than a score
	} {
		r := record("a")
		r.RefreshAt = at
		set(t, s, alice, r)
		at = load(t, s, alice).RefreshAt // as it is kept
		for due, want := range map[time.Time]int{at.Add(-1): 0, at: 1, at.Add(1): 1} {
			if n := len(list(t, s, token.Filter{Due: due})); n != want {
				t.Errorf("%v before %v: %d are due, want %d", at.Sub(due), at, n, want)
			}
		}
	}
}

func TestListOfLongRecords(t *testing.T) {
	t.Parallel()
	s, _, _ := shared(t)
	r := record("a")
	r.Reason = strings.Repeat("long", 1000)
	set(t, s, alice, r)
	all := list(t, s, token.Filter{})
	if len(all) != 1 || all[0].Record.Reason != r.Reason || all[0].Record.Token != nil {
		t.Errorf("got %v", all)
	}
}

// All servers of a Cluster have records, and a user's are all on one of them.
func TestClusterSharesTheWork(t *testing.T) {
	t.Parallel()
	all := enginetest.StartRedisCluster(t)
	s := opened(t, all[0].URL)
	const n = 300
	key := func(i int) token.Key {
		return token.Key{Provider: fmt.Sprint("p", i%3), User: fmt.Sprintf("%03d", i/3)}
	}
	fill(t, s, n, func(i int) (token.Key, token.Record) { return key(i), record("a") })
	for _, server := range all {
		held, err := connect(t, server.Addr).DBSize(t.Context()).Result()
		if err != nil {
			t.Fatal(err)
		}
		if held < n/6 {
			t.Errorf("%s has %d keys of %d records", server.Addr, held, n)
		}
	}
	if got := list(t, s, token.Filter{}); len(got) != n {
		t.Errorf("%d are listed, want %d", len(got), n)
	}
	for i := range n {
		shard, _, _ := strings.Cut(s.Name(key(i)), "}")
		if first := s.Name(key(i / 3 * 3)); !strings.HasPrefix(first, shard) {
			t.Errorf("%s and %s of one user are apart", s.Name(key(i)), first)
		}
	}
}
