package keeper

import (
	"context"
	"errors"
	"hash/maphash"
	"strconv"

	"github.com/waltz-oauth/waltz/token"
)

// plain lets a storage of three methods pass for a Versioned one within this process: a version is
// a grant and a generation, and what this keeper writes takes turns. Between the look and the write
// of a Swap another process may write; nothing can be done about that here.
type plain struct {
	next  token.Storage
	turns *turns
}

func (p plain) Load(ctx context.Context, key token.Key) (token.Record, error) {
	r, err := p.next.Get(ctx, key)
	r.Version = versionOf(r)
	return r, err
}

func (p plain) Swap(ctx context.Context, key token.Key, old token.Version, r token.Record) (token.Version, error) {
	end, err := p.turns.take(ctx, "swap", key)
	if err != nil {
		return "", err
	}
	defer end()
	stored, err := p.next.Get(ctx, key)
	if errors.Is(err, token.ErrNotFound) || err == nil && versionOf(stored) != old {
		err = &token.Error{Op: "swap", Key: key, Err: token.ErrConflict}
	}
	if err == nil {
		err = p.next.Set(ctx, key, r)
	}
	if err != nil {
		return "", err
	}
	return versionOf(r), nil
}

func versionOf(r token.Record) token.Version {
	return token.Version(r.Grant + " " + strconv.FormatUint(r.Generation, 10))
}

// turn waits until no refresh is between the look and the write of its Swap, where that is not the
// storage's own business, and returns what ends the turn. The one who waits is about to do op.
func (k *Keeper) turn(ctx context.Context, op string, key token.Key) (end func(), err error) {
	if k.shared != nil || k.browser != nil {
		return func() {}, nil
	}
	return k.turns.take(ctx, op, key)
}

// turns are locks, of which each key has one and some share.
type turns struct {
	seed  maphash.Seed
	locks [64]chan struct{}
}

func newTurns() *turns {
	t := &turns{seed: maphash.MakeSeed()}
	for i := range t.locks {
		t.locks[i] = make(chan struct{}, 1)
	}
	return t
}

// take waits for the turn of key, to do op, and returns what ends it.
func (t *turns) take(ctx context.Context, op string, key token.Key) (end func(), err error) {
	l := t.locks[maphash.Comparable(t.seed, key)%uint64(len(t.locks))]
	select {
	case l <- struct{}{}:
		return func() { <-l }, nil
	case <-ctx.Done():
		return nil, &token.Error{Op: op, Key: key, Err: context.Cause(ctx)}
	}
}
