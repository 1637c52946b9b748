package cache_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/waltz-oauth/waltz/storage/cache"
	"github.com/waltz-oauth/waltz/token"
)

// watched is a storage that says what has changed, whoever has changed it.
type watched struct {
	*plain

	changed chan token.Key
}

var _ token.Watcher = (*watched)(nil)

func (w *watched) Watch(ctx context.Context, changed func(token.Key)) error {
	for {
		select {
		case key, ok := <-w.changed:
			if !ok {
				return errCut
			}
			changed(key)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func TestStorageThatSaysWhatChangedIsHeard(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := &watched{newPlain(), make(chan token.Key)}
		s := open(t, cache.Config{Next: w, TTL: time.Hour, AbsentTTL: time.Hour, Logger: slog.New(slog.DiscardHandler)})
		go s.Run(t.Context())
		wants(t, s, 0)
		set(t, w, 1)
		w.changed <- alice()
		synctest.Wait()
		wants(t, s, 1)
		set(t, w, 2)
		w.changed <- token.Key{} // any
		synctest.Wait()
		wants(t, s, 2)
		set(t, w, 3)
		close(w.changed) // nothing more is heard
		synctest.Wait()
		wants(t, s, 3)
	})
}

func TestWatchersOfACacheHearAfterItHasDropped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := &watched{newPlain(), make(chan token.Key)}
		s := open(t, cache.Config{Next: w})
		if _, ok := token.As[token.Watcher](s); !ok {
			t.Fatal("it is no Watcher")
		}
		ctx, cancel := context.WithCancel(t.Context())
		heard, ended := 0, make(chan error, 1)
		go func() {
			ended <- s.Watch(ctx, func(key token.Key) {
				heard++
				if key != alice() {
					t.Errorf("heard of %v", key)
				}
				if r, err := s.Get(ctx, key); err != nil || number(t, r) != 1 {
					t.Errorf("who heard gets %v, %v", r, err)
				}
			})
		}()
		wants(t, s, 0)
		set(t, w, 1)
		w.changed <- alice()
		synctest.Wait()
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) || heard != 1 {
			t.Errorf("heard %d times, ended with %v", heard, err)
		}
	})
}
