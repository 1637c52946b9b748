package cache_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/waltz-oauth/waltz/storage/cache"
	"github.com/waltz-oauth/waltz/token"
)

func TestManyReadersAreOneLoad(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPlain()
		set(t, p, 1)
		s := open(t, cache.Config{Next: p})
		g := p.hold()
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() { wants(t, s, 1) })
		}
		synctest.Wait()
		close(g.open)
		wg.Wait()
		if got := p.count(); got != 1 {
			t.Errorf("it was read %d times", got)
		}
	})
}

func TestReaderWhoLeavesTakesNobodyAlong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPlain()
		set(t, p, 1)
		s := open(t, cache.Config{Next: p})
		g := p.hold()
		ctx, leave := context.WithCancel(t.Context())
		left := make(chan error, 1)
		go func() {
			_, err := s.Get(ctx, alice())
			left <- err
		}()
		<-g.reached
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() { wants(t, s, 1) })
		}
		synctest.Wait()
		leave()
		if err := <-left; !errors.Is(err, context.Canceled) {
			t.Errorf("who left got %v", err)
		}
		wg.Wait()
		if got := p.count(); got != 2 {
			t.Errorf("it was read %d times, want once by the one who left and once for the others", got)
		}
	})
}

func TestReaderWhoWaitsMayLeave(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPlain()
		set(t, p, 1)
		s := open(t, cache.Config{Next: p})
		g := p.hold()
		go func() { _, _ = s.Get(t.Context(), alice()) }()
		<-g.reached
		ctx, leave := context.WithCancel(t.Context())
		left := make(chan error, 1)
		go func() {
			_, err := s.Get(ctx, alice())
			left <- err
		}()
		synctest.Wait()
		leave()
		if err := <-left; !errors.Is(err, context.Canceled) {
			t.Errorf("who left got %v", err)
		}
		close(g.open)
	})
}

// panics is a storage that panics at the first read.
type panics struct {
	*plain

	once sync.Once
	g    *gate
}

func (p *panics) Get(ctx context.Context, key token.Key) (token.Record, error) {
	p.once.Do(func() {
		close(p.g.reached)
		<-p.g.open
		panic("no storage")
	})
	return p.plain.Get(ctx, key)
}

func TestPanicOfTheStorageKeepsNobodyWaiting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &panics{plain: newPlain(), g: &gate{make(chan struct{}), make(chan struct{})}}
		set(t, p.plain, 1)
		s := open(t, cache.Config{Next: p})
		var wg sync.WaitGroup
		wg.Go(func() {
			defer func() {
				if recover() == nil {
					t.Error("the panic was swallowed")
				}
			}()
			_, _ = s.Get(t.Context(), alice())
		})
		<-p.g.reached
		wg.Go(func() { wants(t, s, 1) })
		synctest.Wait()
		close(p.g.open)
		wg.Wait()
	})
}
