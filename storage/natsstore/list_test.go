package natsstore_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz/storage/natsstore"
	"github.com/waltz-oauth/waltz/token"
)

// What was under way when the connection was lost, and mended, is not sent again.
func TestListIsWholeOrAnError(t *testing.T) {
	t.Parallel()
	nc, bucket, err := natsstore.Connect(empty(t))
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	s, err := natsstore.New(t.Context(), jetStream(t, nc), bucket)
	if err != nil {
		t.Fatal(err)
	}
	const n = 3000
	fill(t, s, n)
	for i := range 6 {
		lost := make(chan error)
		go func() {
			time.Sleep(time.Duration(5*i) * time.Millisecond) // to meet it elsewhere
			lost <- nc.ForceReconnect()
		}()
		listed := 0
		var last error
		for _, last = range s.List(t.Context(), token.Filter{}) {
			listed++
		}
		if last == nil && listed != n {
			t.Errorf("listed %d records of %d, and no error", listed, n)
		}
		if err := <-lost; err != nil {
			t.Fatal(err)
		}
		eventually(t, "it is connected", func() bool { return nc.FlushTimeout(time.Second) == nil })
	}
}

// fill sets n records, eight at a time.
func fill(t *testing.T, s *natsstore.Storage, n int) {
	t.Helper()
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := w; i < n; i += 8 {
				if err := s.Set(t.Context(), token.Key{Provider: "github", User: fmt.Sprint(i)}, record("a")); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

// Those that are written meanwhile are listed as they were or as they are, and so is every other.
func TestListIsWholeWhileOthersWrite(t *testing.T) {
	t.Parallel()
	s := open(t, empty(t))
	const n = 500
	fill(t, s, n)
	ctx, cancel := context.WithCancel(t.Context())
	var writers sync.WaitGroup
	for w := range 4 {
		writers.Go(func() {
			for i := w; ctx.Err() == nil; i += 4 {
				key := token.Key{Provider: "github", User: fmt.Sprint(i % n)}
				err := s.Set(ctx, key, record("b"))
				if i%8 == w {
					key = token.Key{Provider: "github", User: fmt.Sprint("comes and goes ", i%100)}
					err = errors.Join(err, s.Set(ctx, key, record("b")), s.Delete(ctx, key))
				}
				if err != nil && ctx.Err() == nil {
					t.Error(err)
				}
			}
		})
	}
	for range 10 {
		listed := 0
		for e, err := range s.List(t.Context(), token.Filter{Provider: "github"}) {
			if err != nil {
				t.Error(err)
			}
			if !strings.HasPrefix(e.Key.User, "comes") {
				listed++
			}
		}
		if listed != n {
			t.Errorf("listed %d records, want %d", listed, n)
		}
	}
	cancel()
	writers.Wait()
}
