package keeper_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/waltz-oauth/waltz/keeper"
	"github.com/waltz-oauth/waltz/storage/memstore"
	"github.com/waltz-oauth/waltz/token"
)

// stage has keepers take their steps one at a time, in whatever order a script says: each call to the
// storage or to the provider waits at a gate until the script opens it. Every keeper is a process.
// After each step it looks whether the model can do what was done.
type stage struct {
	t       *testing.T
	m       *model
	mem     *memstore.Storage
	p       *provider
	people  *keeper.Keeper // who log in, in one step
	leaver  *player        // who logs out; nil: not yet
	players []*player
	path    []string        // what was done
	could   map[moment]bool // where the model may be

	mu       sync.Mutex
	gates    []*gate
	attempts map[string]int8 // whose each lease is
	grants   map[string]int8 // the number of each grant

	may       happening // what still may
	clockless bool      // the storage does not say what time it is
}

// player is one process, which refreshes the token once.
type player struct {
	st       *stage
	i        int8
	k        *keeper.Keeper
	crashed  bool
	returned bool // its caller has an answer
	at       modelProcess
	loaded   bool // its last call was a load
}

// gate is where a player's next call waits.
type gate struct {
	p    *player
	call string
	open chan verdict
}

// verdict is what becomes of a call.
type verdict uint8

const (
	goes  verdict = iota
	dies          // the process is killed, and nothing happens
	fails         // nothing happens, and the caller is told so
	lost          // it happens, and the caller is not told
)

// outlived is how long a lease stands before another takes over, and a little more.
const outlived = time.Minute + 6*time.Second + time.Millisecond

func newStage(t *testing.T, h happening, m *model) *stage {
	t.Helper()
	st := &stage{
		t: t, m: m, mem: memstore.New(), p: newProvider(),
		attempts: make(map[string]int8), grants: make(map[string]int8),
		may: h,
	}
	st.p.mild, st.p.lenient = m.provider == mild, m.provider == lenient
	st.people = st.keeper(st.mem, st.p)
	st.logIn()
	first := m.first()
	first.login, first.logout, first.lapse, first.crash = h.login, h.logout, h.lapse, h.crash
	st.could = map[moment]bool{first: true}
	for i := range m.processes {
		st.players = append(st.players, &player{st: st, i: i})
		st.start(st.players[i])
	}
	return st
}

func (st *stage) keeper(s token.Storage, r keeper.Refresher) *keeper.Keeper {
	k, err := keeper.New(keeper.Config{Storage: s, Refresher: r, Logger: quiet()})
	if err != nil {
		st.t.Fatal(err)
	}
	return k
}

// start has p ask for the token, in a process that has just begun.
func (st *stage) start(p *player) {
	p.k = st.keeper(steps{p}, steps{p})
	k := p.k
	go func() {
		_, err := k.Fresh(st.t.Context(), key)
		st.mu.Lock()
		defer st.mu.Unlock()
		p.returned = true
		if err != nil && !p.crashed && !expectable(err) {
			st.t.Errorf("process %d got %v: %s", p.i, err, st)
		}
	}()
}

// expectable reports whether err is one that a caller may get when so much goes wrong.
func expectable(err error) bool {
	_, failed := errors.AsType[*keeper.Failure](err)
	return failed || errors.Is(err, keeper.ErrReauthorize) || errors.Is(err, keeper.ErrRefreshInProgress) ||
		errors.Is(err, token.ErrNotFound) || errors.Is(err, errDown) || errors.Is(err, errNet) || errors.Is(err, context.DeadlineExceeded)
}

// logIn stores a token that has expired, of a new grant.
func (st *stage) logIn() {
	t := st.p.login(fmt.Sprint("g", len(st.grants)))
	t.Expiry = time.Now()
	r, err := st.people.Put(st.t.Context(), key, t, "")
	if err != nil {
		st.t.Fatal(err)
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	st.grants[r.Grant] = int8(len(st.grants))
}

func (st *stage) logOut() {
	st.leaver = &player{st: st, i: maxProcesses}
	st.leaver.k = st.keeper(steps{st.leaver}, steps{st.leaver})
	go func() {
		if err := st.leaver.k.Drop(st.t.Context(), key); err != nil {
			st.t.Errorf("the logout got %v", err)
		}
		st.mu.Lock()
		defer st.mu.Unlock()
		st.leaver.returned = true
	}()
}

// kill stops p for ever, and starts its process anew.
func (st *stage) kill(p *player, g *gate) {
	st.mu.Lock()
	p.crashed = true
	st.mu.Unlock()
	st.open(g, dies)
	synctest.Wait()
	i := slices.Index(st.players, p)
	st.players[i] = &player{st: st, i: p.i}
	st.start(st.players[i])
}

// wait is where the calls of p wait for what becomes of them.
func (p *player) wait(call string) verdict {
	st := p.st
	g := &gate{p, call, make(chan verdict)}
	st.mu.Lock()
	crashed := p.crashed
	if !crashed {
		st.gates = append(st.gates, g)
	}
	st.mu.Unlock()
	v := dies
	if !crashed {
		v = <-g.open
	}
	if v == dies {
		runtime.Goexit()
	}
	return v
}

func (st *stage) open(g *gate, v verdict) {
	st.mu.Lock()
	st.gates = slices.DeleteFunc(st.gates, func(o *gate) bool { return o == g })
	st.mu.Unlock()
	g.open <- v
}

// steps are a player's ways to the storage and to the provider.
type steps struct{ *player }

var (
	_ token.Versioned  = steps{}
	_ keeper.Refresher = steps{}
)

func (s steps) Get(ctx context.Context, key token.Key) (token.Record, error) {
	if s.wait("get") != goes {
		return token.Record{}, errDown
	}
	return s.st.mem.Get(context.WithoutCancel(ctx), key)
}

func (s steps) Load(ctx context.Context, key token.Key) (token.Record, error) {
	if s.wait("load") != goes {
		return token.Record{}, errDown
	}
	s.st.mu.Lock()
	if s.at.at == refused && s.loaded {
		s.at = modelProcess{} // it looks again: another is trying
	}
	s.loaded = true
	s.st.mu.Unlock()
	r, err := s.st.mem.Load(context.WithoutCancel(ctx), key)
	if s.st.clockless {
		r.Now = time.Time{}
	}
	return r, err
}

func (s steps) Swap(ctx context.Context, key token.Key, old token.Version, r token.Record) (token.Version, error) {
	verdict := s.wait("swap")
	ctx = context.WithoutCancel(ctx) // it was sent before
	if verdict == fails {
		return "", errDown
	}
	s.st.mu.Lock()
	defer s.st.mu.Unlock()
	s.loaded = false
	before, _ := s.st.mem.Get(ctx, key)
	v, err := s.st.mem.Swap(ctx, key, old, r)
	if err == nil {
		s.swapped(r)
	}
	if err == nil && before.Grant == r.Grant && before.Generation > r.Generation {
		s.st.t.Errorf("generation %d is written over %d: %s", r.Generation, before.Generation, s.st)
	}
	if err == nil && verdict == lost {
		return "", errNet
	}
	return v, err
}

// swapped learns from what the player has stored how far it is.
func (p *player) swapped(r token.Record) {
	switch {
	case p.i == maxProcesses:
	case r.Lease.Attempt != "":
		p.st.attempts[r.Lease.Attempt] = p.i
		p.at = modelProcess{at: claimed, grant: p.st.grants[r.Grant], gen: int8(r.Generation)}
	default: // it has stored what came of its claim, or given it back
		p.at = modelProcess{at: done}
	}
}

func (s steps) Set(context.Context, token.Key, token.Record) error {
	s.st.t.Error("a refresh does Set")
	return nil
}

func (s steps) Delete(ctx context.Context, key token.Key) error {
	s.wait("delete")
	return s.st.mem.Delete(context.WithoutCancel(ctx), key)
}

func (s steps) Refresh(_ context.Context, _ token.Key, t *token.Token) (*token.Token, error) {
	s.wait("send")
	answer, err := s.st.p.spend(t)
	s.st.mu.Lock()
	s.loaded = false
	if s.at.at = granted; err != nil {
		s.at.at = refused
	}
	s.st.mu.Unlock()
	if s.wait("answer") == lost {
		return nil, &keeper.Failure{Kind: keeper.Doubtful}
	}
	return answer, err
}

func (s steps) Revoke(ctx context.Context, key token.Key, t *token.Token) error {
	s.wait("revoke")
	return s.st.p.Revoke(ctx, key, t)
}
