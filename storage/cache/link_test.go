package cache_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/waltz-oauth/waltz/storage/cache"
)

func TestServerThatFailsIsLeftAloneForASecondAndLoggedOnceAMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		b := new(broken)
		s := open(t, cache.Config{Next: newPlain(), Backend: b, TTL: time.Nanosecond, Logger: slog.New(slog.NewTextHandler(&log, nil))})
		for range 10 * 30 { // half a minute
			set(t, s, 1)
			wants(t, s, 1)
			time.Sleep(time.Second / 10)
		}
		if b.calls < 20 || b.calls > 40 {
			t.Errorf("in half a minute it was called %d times", b.calls)
		}
		if n := strings.Count(log.String(), "\n"); n != 1 {
			t.Errorf("%d lines were logged:\n%s", n, log.String())
		}
		time.Sleep(time.Minute)
		wants(t, s, 1)
		if n := strings.Count(log.String(), "\n"); n != 2 {
			t.Errorf("a minute later %d lines were logged:\n%s", n, log.String())
		}
		if strings.Contains(log.String(), "fake-") {
			t.Error("the log has a token")
		}
	})
}

// hangs is a backend that answers nothing.
type hangs struct{ cache.Backend }

func (hangs) Get(ctx context.Context, _ string) ([]byte, cache.Lease, error) {
	<-ctx.Done()
	return nil, "", ctx.Err()
}

func (hangs) Drop(ctx context.Context, _ string) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestServerThatHangsIsWaitedForOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := open(t, cache.Config{Next: newPlain(), Backend: hangs{}, TTL: time.Nanosecond, Timeout: 100 * time.Millisecond, Logger: slog.New(slog.DiscardHandler)})
		began := time.Now()
		set(t, s, 1)
		for range 100 {
			wants(t, s, 1)
		}
		if took := time.Since(began); took != 100*time.Millisecond {
			t.Errorf("it was waited for %v", took)
		}
	})
}

func TestDropIsDoneThoughTheCallerHasLeft(t *testing.T) {
	t.Parallel()
	p := newPlain()
	b := new(shelf)
	s := open(t, cache.Config{Next: p, Backend: b})
	set(t, p, 1)
	wants(t, s, 1)
	if len(b.values) != 1 {
		t.Fatalf("%d values are kept", len(b.values))
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s.Drop(ctx, alice())
	if len(b.values) != 0 {
		t.Error("it is still there")
	}
}

func TestValueOfSomethingElseIsReplaced(t *testing.T) {
	t.Parallel()
	for _, value := range []string{"", "x", "r", "r\x05", "r\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", "r\x00null", "ab", "r\x00{"} {
		b := new(shelf)
		s := open(t, cache.Config{Next: newPlain(), Backend: b, TTL: time.Nanosecond})
		set(t, s, 1)
		wants(t, s, 1)
		for key := range b.values {
			b.values[key] = []byte(value)
		}
		wants(t, s, 1)
		wants(t, s, 1)
		for _, got := range b.values {
			if !bytes.Contains(got, []byte("fake-1")) {
				t.Errorf("%q is there instead of %q", got, value)
			}
		}
	}
}

func TestBackendShowsNobodysName(t *testing.T) {
	t.Parallel()
	b := new(shelf)
	s := open(t, cache.Config{Next: newPlain(), Backend: b})
	set(t, s, 1)
	wants(t, s, 1)
	for key := range b.values {
		if len(key) != 43 || strings.Contains(key, "alice") {
			t.Errorf("the key is %q", key)
		}
	}
}
