package keeper

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/waltz-oauth/waltz/token"
)

const (
	round = 30 * time.Second // between two looks for what is due, at most
	batch = 1000             // keys that are put in an order of their own
)

// Run refreshes ahead what is due, so that no caller waits for it and grants that die when unused
// (Traits.Idle) live on. It looks for them every 15 to 30 s, has at most Config.Parallel refreshes
// under way, and leaves a provider alone for a while that asks for it or keeps failing. While it
// runs, whoever waits for another process's refresh is woken when it is stored, where the storage is
// a [token.Watcher].
//
// Many processes may run it over one storage: they go through what is due in orders of their own,
// and claims decide. Run returns ctx's error when ctx is done; refreshes under way then end by
// themselves, for which [Keeper.Shutdown] waits. Its error matches [errors.ErrUnsupported] at once
// where the storage is no [token.Lister], or is a browser's session.
func (k *Keeper) Run(ctx context.Context) error {
	all, walks := token.As[token.Lister](k.c.Storage)
	if !walks || k.browser != nil {
		return fmt.Errorf("keeper: nothing can be refreshed ahead in a storage that cannot be walked: %w", errors.ErrUnsupported)
	}
	var listening sync.WaitGroup
	defer listening.Wait()
	if w, ok := token.As[token.Watcher](k.c.Storage); ok {
		listening.Go(func() { k.listen(ctx, w) })
	}
	p := newPaces()
	for pause(ctx, round/2+upTo(round/2)) {
		k.refreshDue(ctx, all, p)
	}
	return ctx.Err()
}

// refreshDue has everything refreshed that is due, and waits for it.
func (k *Keeper) refreshDue(ctx context.Context, all token.Lister, p *paces) {
	keys := make(chan token.Key)
	var workers sync.WaitGroup
	defer workers.Wait()
	defer close(keys)
	for range k.c.parallel() {
		workers.Go(func() {
			for key := range keys {
				if !p.held(key.Provider) {
					k.refreshAhead(ctx, key, p)
				}
			}
		})
	}
	handOut := func(due []token.Key) {
		rand.Shuffle(len(due), func(i, j int) { due[i], due[j] = due[j], due[i] }) //nolint:gosec // parts processes, guards nothing
		for _, key := range due {
			select {
			case keys <- key:
			case <-ctx.Done():
				return
			}
		}
	}
	var due []token.Key
	for e, err := range all.List(ctx, token.Filter{Due: stamp(time.Now())}) {
		if err != nil {
			if ctx.Err() == nil {
				k.log(ctx, slog.LevelWarn, "cannot see what is due to be refreshed", token.Key{}, token.Record{}, slog.Any("error", err))
			}
			break
		}
		if !p.held(e.Key.Provider) && k.worthATry(e) {
			due = append(due, e.Key)
		}
		if len(due) == batch {
			handOut(due)
			due = due[:0]
		}
	}
	handOut(due)
}

// worthATry reports whether e, which is due, might be refreshed now, so far as the list shows.
func (k *Keeper) worthATry(e token.Entry) bool {
	now := time.Now()
	leased := e.Record.Lease.Attempt != "" && e.Record.Lease.Until.After(now)
	return !leased && !e.Record.NotBefore.After(now) && !justGot(e.Record, now) && k.check("refresh", e.Key) == nil
}

// refreshAhead refreshes the record at key if that is still due, and tells p how it went.
func (k *Keeper) refreshAhead(ctx context.Context, key token.Key, p *paces) {
	r, err := k.read(ctx, key, k.c.Storage.Get)
	if err == nil {
		if need := k.need(key.Provider, r, time.Now()); need != ahead && need != wait {
			return
		}
		_, err = k.renew(ctx, key, r, false)
		p.note(key.Provider, err)
	}
	if _, logged := errors.AsType[*Failure](err); logged || err == nil || final(err) || ctx.Err() != nil {
		return
	}
	k.log(ctx, slog.LevelWarn, "token not refreshed ahead", key, r, slog.Any("error", err))
}

// listen rings the bells of what w says has changed, until ctx is done.
func (k *Keeper) listen(ctx context.Context, w token.Watcher) {
	for {
		err := w.Watch(ctx, k.bells.ring)
		if errors.Is(err, errors.ErrUnsupported) || !pause(ctx, round) {
			return
		}
		k.log(ctx, slog.LevelWarn, "not hearing of changes: trying again", token.Key{}, token.Record{}, slog.Any("error", err))
	}
}
