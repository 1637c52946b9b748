package redisstore_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/waltz-oauth/waltz/storage/redisstore"
	"github.com/waltz-oauth/waltz/token"
)

// calls are all that a storage does with one key.
func calls(t *testing.T, s *redisstore.Storage, key token.Key) map[string]error {
	t.Helper()
	_, get := s.Get(t.Context(), key)
	_, load := s.Load(t.Context(), key)
	_, swap := s.Swap(t.Context(), key, "VERSION", record("a"))
	var walk error
	for _, walk = range s.List(t.Context(), token.Filter{}) {
		break
	}
	return map[string]error{"Get": get, "Load": load, "Swap": swap, "List": walk}
}

// Somebody else's value at a key of ours is neither read nor overwritten, and the error says where it is.
func TestForeignValueIsLeftAlone(t *testing.T) {
	t.Parallel()
	s, client, _ := shared(t)
	set(t, s, alice, record("a")) // so that it is in the index
	name := s.Name(alice)
	if err := client.Del(t.Context(), name).Err(); err != nil {
		t.Fatal(err)
	}
	if err := client.LPush(t.Context(), name, "theirs").Err(); err != nil {
		t.Fatal(err)
	}
	all := calls(t, s, alice)
	all["Set"], all["Delete"] = s.Set(t.Context(), alice, record("a")), s.Delete(t.Context(), alice)
	for call, err := range all {
		if err == nil || !strings.Contains(err.Error(), "somebody else") || !strings.Contains(err.Error(), `user "alice"`) {
			t.Errorf("%s: got error %v", call, err)
		}
	}
	if got, err := client.LRange(t.Context(), name, 0, -1).Result(); err != nil || len(got) != 1 {
		t.Errorf("there is %q, %v", got, err)
	}
}

// Nor is anything changed where the index is somebody else's.
func TestForeignIndexIsLeftAlone(t *testing.T) {
	t.Parallel()
	for _, which := range []string{"index", "due"} {
		s, client, prefix := shared(t)
		index, due, _ := s.Indexed(alice, "")
		theirs := map[string]string{"index": index, "due": due}[which]
		if err := client.Set(t.Context(), theirs, "theirs", 0).Err(); err != nil {
			t.Fatal(err)
		}
		r := record("a")
		r.RefreshAt = time.Now()
		if err := s.Set(t.Context(), alice, r); err == nil {
			t.Errorf("%s: Set succeeds", which)
		}
		if _, err := s.Get(t.Context(), alice); !errors.Is(err, token.ErrNotFound) {
			t.Errorf("%s: Get: got error %v", which, err)
		}
		if got, err := client.Get(t.Context(), theirs).Result(); err != nil || got != "theirs" {
			t.Errorf("%s: there is %q, %v", which, got, err)
		}
		for _, name := range names(t, client, prefix) {
			if name != theirs && name != index {
				t.Errorf("%s: there is a key %q", which, name)
			}
		}
	}
}

// A record that is broken is an error to who reads it. A login puts it right, and a logout removes it.
func TestBrokenRecord(t *testing.T) {
	t.Parallel()
	const canary = "fake-canary"
	s, client, prefix := shared(t)
	whole := record(canary)
	set(t, s, alice, whole)
	good, err := client.Get(t.Context(), s.Name(alice)).Result()
	if err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string]string{
		"nothing":             "",
		"one line":            canary,
		"a line":              canary + "\n",
		"two lines":           canary + "\n{}\n",
		"no record":           "V \n" + canary + "\n",
		"a record of another": "V \n{\"state\":\"" + canary + "\"}\n",
		"no token":            "V \n{}\n" + canary,
		"a part of a token":   good[:len(good)-3],
	} {
		write := func() {
			t.Helper()
			if err := client.Set(t.Context(), s.Name(alice), bad, 0).Err(); err != nil {
				t.Fatal(err)
			}
		}
		write()
		for call, err := range calls(t, s, alice) {
			switch {
			case call == "Swap" && !errors.Is(err, token.ErrConflict),
				call == "List" && err == nil && !strings.Contains(name, "token") && name != "nothing",
				call != "Swap" && call != "List" && (err == nil || errors.Is(err, token.ErrNotFound) || !strings.Contains(err.Error(), "no record")):
				t.Errorf("%s: %s: got error %v", name, call, err)
			}
			if err != nil && strings.Contains(fmt.Sprintf("%v %+v", err, err), canary) {
				t.Errorf("%s: the error of %s holds what is there", name, call)
			}
		}
		set(t, s, alice, whole)
		if got := load(t, s, alice); got.Token.AccessToken != whole.Token.AccessToken {
			t.Errorf("%s: got %v", name, got)
		}
		write()
		if err := s.Delete(t.Context(), alice); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if left := names(t, client, prefix); len(left) > 0 {
			t.Errorf("%s: there is %q", name, left)
		}
		set(t, s, alice, whole)
	}
}

func TestCheckSeesAServerThatEvicts(t *testing.T) {
	t.Parallel()
	s, client := own(t)
	for _, c := range []struct {
		memory, policy string
		evicts         bool
	}{
		{"100mb", "noeviction", false},
		{"100mb", "volatile-lru", false}, // nothing of ours expires
		{"100mb", "allkeys-lru", true},
		{"100mb", "allkeys-random", true},
		{"0", "allkeys-lru", false}, // it is never full
	} {
		for name, value := range map[string]string{"maxmemory": c.memory, "maxmemory-policy": c.policy} {
			if err := client.ConfigSet(t.Context(), name, value).Err(); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Check(t.Context()); errors.Is(err, redisstore.ErrEvicts) != c.evicts || !c.evicts && err != nil {
			t.Errorf("%+v: got error %v", c, err)
		}
	}
}

// Where memory is full, a write is an error that says so, and changes nothing.
func TestFullServerRefusesWrites(t *testing.T) {
	t.Parallel()
	s, client := own(t)
	set(t, s, alice, record("a"))
	before := load(t, s, alice)
	if err := client.ConfigSet(t.Context(), "maxmemory", "1").Err(); err != nil {
		t.Fatal(err)
	}
	bob := token.Key{Provider: "github", User: "bob"}
	_, swap := s.Swap(t.Context(), alice, before.Version, record("b"))
	for call, err := range map[string]error{"Swap": swap, "Set": s.Set(t.Context(), bob, record("b"))} {
		if !redis.HasErrorPrefix(err, "OOM") {
			t.Errorf("%s: got error %v", call, err)
		}
	}
	if got := load(t, s, alice).Version; got != before.Version {
		t.Error("Swap changed the record")
	}
	if got := list(t, s, token.Filter{}); len(got) != 1 {
		t.Errorf("%d are listed", len(got))
	}
	if err := s.Delete(t.Context(), alice); err != nil { // which makes room
		t.Error(err)
	}
}
