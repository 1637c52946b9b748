package token_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz/token"
)

// plain is a storage of three methods; what it stores does not matter here.
type plain struct{}

func (plain) Get(context.Context, token.Key) (token.Record, error) {
	return token.Record{}, token.ErrNotFound
}
func (plain) Set(context.Context, token.Key, token.Record) error { return nil }
func (plain) Delete(context.Context, token.Key) error            { return nil }

// shared is a storage of every capability.
type shared struct{ plain }

func (shared) Load(context.Context, token.Key) (token.Record, error) {
	return token.Record{}, token.ErrNotFound
}

func (shared) Swap(context.Context, token.Key, token.Version, token.Record) (token.Version, error) {
	return "", token.ErrConflict
}

func (shared) List(context.Context, token.Filter) iter.Seq2[token.Entry, error] {
	return func(func(token.Entry, error) bool) {}
}

func (shared) Reach() token.Reach { return token.Network }

// wrapper has the methods of every capability, whatever it wraps.
type wrapper struct {
	shared

	next token.Storage
}

func (w wrapper) Unwrap() token.Storage { return w.next }

// narrow wraps, and lists nothing.
type narrow struct {
	plain

	next token.Storage
}

func (n narrow) Unwrap() token.Storage { return n.next }

func TestAsAsksEveryLayer(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		storage          token.Storage
		versioned, lists bool
	}{
		"plain":                           {plain{}, false, false},
		"shared":                          {shared{}, true, true},
		"wrapper over shared":             {wrapper{next: shared{}}, true, true},
		"wrapper over plain":              {wrapper{next: plain{}}, false, false},
		"two wrappers over shared":        {wrapper{next: wrapper{next: shared{}}}, true, true},
		"two wrappers over plain":         {wrapper{next: wrapper{next: plain{}}}, false, false},
		"wrapper over narrow over shared": {wrapper{next: narrow{next: shared{}}}, false, false},
		"narrow over shared":              {narrow{next: shared{}}, false, false},
		"nothing":                         {nil, false, false},
		"wrapper over nothing":            {wrapper{}, false, false},
	} {
		v, ok := token.As[token.Versioned](test.storage)
		if ok != test.versioned || (v != nil) != test.versioned {
			t.Errorf("%s: Versioned is %v %v", name, v, ok)
		}
		if ok && v != test.storage {
			t.Errorf("%s: As went round the outermost layer", name)
		}
		if _, ok := token.As[token.Lister](test.storage); ok != test.lists {
			t.Errorf("%s: Lister is %v", name, ok)
		}
		if _, ok := token.As[token.Watcher](test.storage); ok {
			t.Errorf("%s: passes for a Watcher", name)
		}
	}
}

func TestReachesIsTheInnermostStorages(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		storage token.Storage
		want    token.Reach
	}{
		"plain":                {plain{}, token.Process},
		"shared":               {shared{}, token.Network},
		"wrapper that says so": {wrapper{next: plain{}}, token.Process},
		"narrow over shared":   {narrow{next: wrapper{next: shared{}}}, token.Network},
	} {
		if got := token.Reaches(test.storage); got != test.want {
			t.Errorf("%s: got %v, want %v", name, got, test.want)
		}
	}
	if got := fmt.Sprint(token.Process, token.Request, token.Host, token.Network); got != "process request host network" {
		t.Errorf("got %s", got)
	}
}

func TestFilterMatch(t *testing.T) {
	t.Parallel()
	now := time.Unix(1000, 0)
	key := token.Key{Provider: "github", User: "1", Account: "a"}
	r := token.Record{Subject: "s", RefreshAt: now}
	dead, never := r, r
	dead.State = token.Reauthorize
	never.RefreshAt = time.Time{}
	for name, test := range map[string]struct {
		filter token.Filter
		record token.Record
		want   bool
	}{
		"zero":             {token.Filter{}, r, true},
		"all fields":       {token.Filter{Provider: "github", User: "1", Subject: "s", Due: now}, r, true},
		"other provider":   {token.Filter{Provider: "google"}, r, false},
		"other user":       {token.Filter{User: "2"}, r, false},
		"other subject":    {token.Filter{Subject: "t"}, r, false},
		"due later":        {token.Filter{Due: now.Add(-1)}, r, false},
		"due before":       {token.Filter{Due: now.Add(1)}, r, true},
		"never due":        {token.Filter{Due: now}, never, false},
		"dead":             {token.Filter{Due: now}, dead, false},
		"dead, not by due": {token.Filter{Subject: "s"}, dead, true},
	} {
		if got := test.filter.Match(key, test.record); got != test.want {
			t.Errorf("%s: got %v", name, got)
		}
	}
}

func TestKeyStringIsSafeInALogLine(t *testing.T) {
	t.Parallel()
	for want, key := range map[string]token.Key{
		`provider ""`:                                           {},
		`provider "github"`:                                     {Provider: "github"},
		`provider "github" user "1" account "a"`:                {Provider: "github", User: "1", Account: "a"},
		`provider "g\nh" user "\" user \"\x1b[31m"`:             {Provider: "g\nh", User: "\" user \"\x1b[31m"},
		`provider "g" user "` + strings.Repeat("u", 100) + `"…`: {Provider: "g", User: strings.Repeat("u", 1000)},
	} {
		if got := key.String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestErrorSaysWhatWasTriedAndMatches(t *testing.T) {
	t.Parallel()
	err := fmt.Errorf("around: %w", &token.Error{Op: "get", Key: token.Key{Provider: "github", User: "1"}, Err: token.ErrNotFound})
	if want := `around: token: get provider "github" user "1": no token`; err.Error() != want {
		t.Errorf("got %s, want %s", err, want)
	}
	if !errors.Is(err, token.ErrNotFound) || errors.Is(err, token.ErrConflict) {
		t.Error("it does not match its sentinel alone")
	}
	if got := (&token.Error{Op: "list", Err: token.ErrKey}).Error(); got != "token: list: key cannot be stored" {
		t.Errorf("without a key: got %s", got)
	}
}
