package keeper_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz/keeper"
	"github.com/waltz-oauth/waltz/token"
)

// provider hands out refresh tokens that work once. One that is used twice ends the whole grant,
// unless the provider is lenient: then the one before works until its successor was used.
type provider struct {
	mu      sync.Mutex
	lenient bool
	whole   bool // to revoke one token ends every grant
	mild    bool // a spent refresh token is refused and nothing else happens
	grants  map[string]*grant
	issued  map[string]*grant // by refresh token
	calls   int
	revoked []string // access tokens

	life   time.Duration
	delay  time.Duration     // until the answer is sent
	before func(n int) error // fails the nth call before it arrives
	after  func(n int) error // loses the answer to the nth call
	revoke func(n int) error
	hear   func(ctx context.Context) // at each call
	tries  int                       // of revocation
}

type grant struct {
	name string
	n    int // the newest refresh token
	dead bool
}

func newProvider() *provider {
	return &provider{grants: make(map[string]*grant), issued: make(map[string]*grant), life: time.Hour}
}

// login returns a token of a new grant.
func (p *provider) login(name string) *token.Token {
	p.mu.Lock()
	defer p.mu.Unlock()
	g := &grant{name: name}
	p.grants[name] = g
	return p.issue(g)
}

func (p *provider) issue(g *grant) *token.Token {
	t := &token.Token{
		AccessToken:  fmt.Sprintf("fake-access-%s-%d", g.name, g.n),
		RefreshToken: fmt.Sprintf("fake-refresh-%s-%d", g.name, g.n),
		TokenType:    "bearer",
		Expiry:       time.Now().Add(p.life).UTC().Truncate(time.Microsecond),
	}
	p.issued[t.RefreshToken] = g
	return t
}

func (p *provider) Refresh(ctx context.Context, _ token.Key, t *token.Token) (*token.Token, error) {
	if p.hear != nil {
		p.hear(ctx)
	}
	p.mu.Lock()
	p.calls++
	n, delay := p.calls, p.delay
	p.mu.Unlock()
	if p.before != nil {
		if err := p.before(n); err != nil {
			return nil, err
		}
	}
	answer, err := p.spend(t)
	time.Sleep(delay)
	if p.after != nil {
		if lost := p.after(n); lost != nil {
			return nil, lost
		}
	}
	return answer, err
}

func (p *provider) spend(t *token.Token) (*token.Token, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	refused := &keeper.Failure{Kind: keeper.Refused, Code: "invalid_grant"}
	g := p.issued[t.RefreshToken]
	var n int
	if g == nil || g.dead {
		return nil, refused
	}
	if _, err := fmt.Sscanf(t.RefreshToken, "fake-refresh-"+g.name+"-%d", &n); err != nil {
		return nil, err
	}
	if n != g.n && (!p.lenient || n != g.n-1) {
		g.dead = !p.mild
		return nil, refused
	}
	g.n = n + 1
	return p.issue(g), nil
}

func (p *provider) Revoke(_ context.Context, _ token.Key, t *token.Token) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tries++
	if p.revoke != nil {
		if err := p.revoke(p.tries); err != nil {
			return err
		}
	}
	p.revoked = append(p.revoked, t.AccessToken)
	for _, g := range p.grants {
		if p.whole || g == p.issued[t.RefreshToken] {
			g.dead = true
		}
	}
	return nil
}

// slow makes answers take d from now on.
func (p *provider) slow(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.delay = d
}

func (p *provider) called() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.calls
}

func (p *provider) hasRevoked(access string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Contains(p.revoked, access)
}

// works reports whether the provider would honour r's refresh token.
func (p *provider) works(r token.Record) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	g := p.issued[r.Token.RefreshToken]
	return g != nil && !g.dead && r.Token.RefreshToken == fmt.Sprintf("fake-refresh-%s-%d", g.name, g.n)
}

var errNet = errors.New("no answer")

func doubtful(int) error { return &keeper.Failure{Kind: keeper.Doubtful, Code: "503", Err: errNet} }

func only(nth int, err error) func(int) error {
	return func(n int) error {
		if n == nth {
			return err
		}
		return nil
	}
}

// world is an engine, a provider, and processes that share them.
type world struct {
	t *testing.T
	*engine
	p *provider
}

func newWorld(t *testing.T) *world { return &world{t, newEngine(), newProvider()} }

var key = token.Key{Provider: "example", User: "7"}

func (w *world) process(change ...func(*keeper.Config)) *keeper.Keeper {
	return w.over(shared{w.engine}, change...)
}

func (w *world) over(s token.Storage, change ...func(*keeper.Config)) *keeper.Keeper {
	w.t.Helper()
	c := keeper.Config{Storage: s, Refresher: w.p, Logger: quiet()}
	for _, ch := range change {
		ch(&c)
	}
	k, err := keeper.New(c)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { // what is under way ends with the test, also one that failed
		ctx, cancel := context.WithTimeout(context.WithoutCancel(w.t.Context()), time.Hour)
		defer cancel()
		_ = k.Shutdown(ctx)
	})
	return k
}

// login puts a token of a new grant at key, which has expired a minute later than it lives.
func (w *world) login(k *keeper.Keeper, name string) token.Record {
	w.t.Helper()
	r, err := k.Put(w.t.Context(), key, w.p.login(name), "")
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

func (w *world) stored() token.Record {
	w.t.Helper()
	r, err := w.get("get", key)
	if err != nil {
		w.t.Error(err)
	}
	return r
}

// edit changes the stored record behind everybody's back.
func (w *world) edit(change func(*token.Record)) {
	w.t.Helper()
	r := w.stored()
	change(&r)
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, err := w.put(key, r); err != nil {
		w.t.Error(err)
	}
}

func (w *world) calls(want int) {
	w.t.Helper()
	if got := w.p.called(); got != want {
		w.t.Fatalf("the provider was called %d times, want %d", got, want)
	}
}

// good ends the test unless r is of the generation and works at the provider. Only the test's own
// goroutine may end it; others use gets.
func (w *world) good(r token.Record, err error, generation uint64) {
	w.t.Helper()
	if !w.gets(r, err, generation) {
		w.t.FailNow()
	}
}

// gets fails the test as good does, and does not end it.
func (w *world) gets(r token.Record, err error, generation uint64) bool {
	w.t.Helper()
	switch {
	case err != nil:
		w.t.Errorf("got error %v", err)
	case r.Generation != generation:
		w.t.Errorf("got generation %d, want %d", r.Generation, generation)
	case !w.p.works(r):
		w.t.Errorf("got %v, which does not work", r)
	default:
		return true
	}
	return false
}

// is ends the test unless err matches want. Only the test's own goroutine may end it; others use
// matches.
func is(t *testing.T, err, want error) {
	t.Helper()
	if !matches(t, err, want) {
		t.FailNow()
	}
}

// matches fails the test as is does, and does not end it.
func matches(t *testing.T, err, want error) bool {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("got error %v, want %v", err, want)
		return false
	}
	return true
}

func failed(t *testing.T, err error, kind keeper.Kind) {
	t.Helper()
	_ = failure(t, err, kind)
}

// failure is the failure in err, which is to be of the kind.
func failure(t *testing.T, err error, kind keeper.Kind) *keeper.Failure {
	t.Helper()
	var f *keeper.Failure
	if !errors.As(err, &f) || f.Kind != kind {
		t.Fatalf("got error %v, want a failure that is %v", err, kind)
	}
	return f
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }
