package redisstore_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz/storage/redisstore"
	"github.com/waltz-oauth/waltz/token"
)

// The index is as the records are, whatever was done to them in which order.
func TestIndexesFollowTheRecords(t *testing.T) {
	t.Parallel()
	s, client, prefix := shared(t)
	random := rand.New(rand.NewPCG(1, 2))
	at := time.Date(2031, 2, 3, 4, 5, 6, 0, time.UTC)
	kept := make(map[token.Key]token.Record)
	pick := func(from ...string) string { return from[random.IntN(len(from))] }
	for range 600 {
		key := token.Key{Provider: pick("github", "git hub"), User: pick("", "alice", "bob"), Account: pick("", "work")}
		r := record("a")
		r.Subject = pick("", "1", "2", "sub\nject", strings.Repeat("long", 100))
		if random.IntN(2) > 0 {
			r.RefreshAt = at.Add(time.Duration(random.IntN(3)) * time.Hour)
		}
		r.State = token.State(random.IntN(3))
		switch old, there := kept[key]; random.IntN(3) {
		case 0:
			if err := s.Delete(t.Context(), key); err != nil {
				t.Fatal(err)
			}
			delete(kept, key)
		case 1:
			set(t, s, key, r)
			kept[key] = r
		case 2:
			if there {
				old = load(t, s, key)
			}
			_, err := s.Swap(t.Context(), key, old.Version, r)
			if there != (err == nil) || !there && !errors.Is(err, token.ErrConflict) {
				t.Fatalf("there was a record: %t, and Swap returned error %v", there, err)
			}
			if there {
				kept[key] = r
			}
		}
	}
	want := make(map[string][]string)
	for key, r := range kept {
		index, due, members := s.Indexed(key, r.Subject)
		want[s.Name(key)] = nil
		want[index] = append(want[index], members...)
		if !r.RefreshAt.IsZero() && r.State != token.Reauthorize {
			want[due] = append(want[due], fmt.Sprint(r.RefreshAt.UnixMicro(), " ", redisstore.Escaped(key)))
		}
	}
	for _, name := range names(t, client, prefix) {
		expected, ok := want[name]
		delete(want, name)
		var got []string
		switch {
		case !ok:
			t.Errorf("there is a key %q, and no record for it", name)
		case expected == nil:
			continue
		}
		members, err := client.ZRangeWithScores(t.Context(), name, 0, -1).Result()
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range members {
			if strings.HasSuffix(name, ":due") {
				got = append(got, fmt.Sprint(int64(m.Score), " ", m.Member))
			} else {
				got = append(got, m.Member.(string))
			}
		}
		slices.Sort(got)
		slices.Sort(expected)
		if !slices.Equal(got, expected) {
			t.Errorf("%q has\n%q, want\n%q", name, got, expected)
		}
	}
	if len(want) > 0 {
		t.Errorf("missing: %q", want)
	}
}
