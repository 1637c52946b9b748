package natsstore_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"

	"github.com/waltz-oauth/waltz/storage/natsstore"
	"github.com/waltz-oauth/waltz/token"
)

// The longest key that is taken passes through everything, each part of it being the long one.
func TestLongKeysWorkOrAreRefused(t *testing.T) {
	t.Parallel()
	s := open(t, empty(t))
	const short = 900 // bytes that take three each
	for _, key := range []token.Key{
		{Provider: strings.Repeat(".", short)},
		{Provider: "github", User: strings.Repeat("@", short)},
		{Provider: "github", User: "alice", Account: strings.Repeat(" ", short)},
		{Provider: "github", User: strings.Repeat("a", 2900)},
	} {
		keptApart(t, s, key)
		set(t, s, key, record("a")) // or its end proves nothing
		version := load(t, s, key).Version
		if _, err := s.Swap(t.Context(), key, version, record("b")); err != nil {
			t.Error(err)
		}
		remove(t, s, key)
	}
	for _, key := range []token.Key{
		{Provider: strings.Repeat(".", 1000)},
		{Provider: "github", User: strings.Repeat("a", 3000)},
		{Provider: "github", Account: strings.Repeat("a", 1<<20)},
	} {
		if err := s.Set(t.Context(), key, record("a")); !errors.Is(err, token.ErrKey) {
			t.Errorf("got error %v, want token.ErrKey", err)
		}
		if _, err := s.Load(t.Context(), key); !errors.Is(err, token.ErrNotFound) {
			t.Errorf("got error %v, want token.ErrNotFound", err)
		}
		remove(t, s, key)
	}
}

func TestRecordThatNATSCannotHoldIsRefused(t *testing.T) {
	t.Parallel()
	s := open(t, empty(t))
	set(t, s, alice(), record("a"))
	before := load(t, s, alice())
	token1MB := record(strings.Repeat("x", 1<<20))
	subject := record("b")
	subject.Subject = strings.Repeat("x", 70_000)
	for name, r := range map[string]token.Record{"a token of 1 MB": token1MB, "a subject of 70 kB": subject} {
		_, swap := s.Swap(t.Context(), alice(), before.Version, r)
		for _, err := range []error{s.Set(t.Context(), alice(), r), swap} {
			if !errors.Is(err, token.ErrTooLarge) {
				t.Errorf("%s: got error %v, want token.ErrTooLarge", name, err)
			}
		}
	}
	if got := load(t, s, alice()); got.Version != before.Version {
		t.Error("what was refused was stored")
	}
}

func TestWhatSomethingElseWroteIsAnErrorUntilItIsSet(t *testing.T) {
	t.Parallel()
	const canary = "fake-canary"
	url := empty(t)
	js, bucket := connect(t, url)
	s := open(t, url)
	subject := "$KV." + bucket + ".github.alice.="
	for name, m := range map[string]*nats.Msg{
		"a value":                {Data: []byte(canary)},
		"a token":                {Data: []byte(`{"access_token":"` + canary + `"}`)},
		"no record":              {Header: nats.Header{"Waltz-Version": {"v"}, "Waltz-Record": {canary}}},
		"no version":             {Header: nats.Header{"Waltz-Record": {"{}"}}},
		"a body that is no JSON": {Header: nats.Header{"Waltz-Version": {"v"}, "Waltz-Record": {"{}"}}, Data: []byte(canary)},
	} {
		m.Subject = subject
		if _, err := js.PublishMsg(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		_, get := s.Get(t.Context(), alice())
		_, swap := s.Swap(t.Context(), alice(), "v", record("a"))
		for _, err := range []error{get, swap} {
			if !errors.Is(err, natsstore.ErrDamaged) || strings.Contains(err.Error(), canary) {
				t.Errorf("%s: got error %v, want natsstore.ErrDamaged", name, err)
			}
		}
		set(t, s, alice(), record("a"))
		load(t, s, alice())
	}
}

func TestListNamesTheRestBesideWhatSomethingElseWrote(t *testing.T) {
	t.Parallel()
	url := empty(t)
	js, bucket := connect(t, url)
	s := open(t, url)
	set(t, s, alice(), record("a"))
	whole := nats.Header{"Waltz-Version": {"v"}, "Waltz-Record": {"{}"}}
	for key, header := range map[string]nats.Header{
		"github.bob.=":     nil,
		"alice":            whole, // of another kind, and not seen
		"github.a.b.c":     whole, // likewise
		"github.=61lice.=": whole, // which would be another alice
	} {
		if _, err := js.PublishMsg(t.Context(), &nats.Msg{Subject: "$KV." + bucket + "." + key, Header: header}); err != nil {
			t.Fatal(err)
		}
	}
	listed := 0
	var last error
	for e, err := range s.List(t.Context(), token.Filter{}) {
		if last = err; err == nil && e.Key == alice() {
			listed++
		}
	}
	if listed != 1 || !errors.Is(last, natsstore.ErrDamaged) || !strings.Contains(last.Error(), "2 entries") {
		t.Errorf("listed %d records, and error %v, want one and natsstore.ErrDamaged", listed, last)
	}
	set(t, s, token.Key{Provider: "github", User: "bob"}, record("b"))
	for _, err := range s.List(t.Context(), token.Filter{User: "bob"}) {
		if err != nil {
			t.Error("after it was set:", err)
		}
	}
}
