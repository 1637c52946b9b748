// Package keeper keeps stored tokens fresh: it refreshes them before they expire, once each however
// many callers and processes ask, and never loses a refresh token that a provider has rotated.
//
// Many processes may share one storage, and a provider may hand out refresh tokens that work once.
// So a refresh is claimed by swapping a lease into the record, sent once, and committed by a swap
// that asks for the grant and the generation that were spent, whoever holds the lease by then.
// Leases, waiting and dead grants are matters of this package; a storage compares and swaps.
//
// What no client can do is recover an answer that was lost on its way from a provider whose refresh
// tokens work strictly once. And a storage that is not [token.Versioned], such as a cookie or three
// methods of your own, is protected within one process only.
package keeper

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/waltz-oauth/waltz/token"
)

// Refresher makes the two calls to a provider that a keeper needs. Failures are [*Failure]; any
// other error counts as [Doubtful]. A Refresher must stop when ctx is done, and must not send a
// request twice: net/http must not replay it, redirects are not followed.
type Refresher interface {
	// Refresh spends t's refresh token once and returns the provider's answer alone.
	Refresh(ctx context.Context, key token.Key, t *token.Token) (*token.Token, error)
	// Revoke ends t's grant at the provider; errors.ErrUnsupported where that cannot be done.
	Revoke(ctx context.Context, key token.Key, t *token.Token) error
}

// Config is what a Keeper works with. The zero value of a field means its default.
type Config struct {
	Storage   token.Storage // required
	Refresher Refresher     // required
	Site      bool          // allow keys without a user; implied by a storage that reaches one Request

	// Margin is how long a token must be good for to be handed out without a refresh first: 30 s
	// by default, and never more than a quarter of the token's life.
	Margin time.Duration

	// Lease is how long a refresh may take before another process takes over: a minute by
	// default. A call to the provider gets half of it. Processes that share a storage have the
	// same.
	Lease time.Duration

	// Patience is how long Fresh and Renew wait for a refresh, which goes on without them: as long as
	// their ctx lasts by default, and in a browser's session, whose request the successor must get.
	Patience time.Duration

	// Traits says what is peculiar about the grants of provider; nil: nothing, of any.
	Traits func(provider string) Traits

	Parallel int // how many refreshes Run has under way at once: 8 by default

	Logger *slog.Logger // slog.Default() by default

	// Refreshed is called after a refresh was stored, and Reauthorize after a grant was found dead
	// and marked so, once each and not in the caller's goroutine. They may use the keeper, and ctx
	// has the values of the caller's context but not its end. A panic in them ends the program.
	Refreshed   func(ctx context.Context, key token.Key, r token.Record)
	Reauthorize func(ctx context.Context, key token.Key, r token.Record)
}

func (c Config) traits(provider string) Traits {
	if c.Traits == nil {
		return Traits{}
	}
	return c.Traits(provider)
}

func (c Config) margin() time.Duration { return cmp.Or(c.Margin, 30*time.Second) }
func (c Config) lease() time.Duration  { return cmp.Or(c.Lease, time.Minute) }
func (c Config) parallel() int         { return cmp.Or(c.Parallel, 8) }
func (c Config) logger() *slog.Logger  { return cmp.Or(c.Logger, slog.Default()) }

// Traits are what a keeper must know of one provider's grants. The zero value is what RFC 6749 says.
type Traits struct {
	// Idle is how long a grant lives when its refresh token is not used; 0: no matter. Such a token
	// is due to be refreshed after half to three quarters of that, though it may be good for longer;
	// Run sees to it.
	Idle time.Duration

	// Renews says that a token without a refresh token is refreshed all the same: it is exchanged for
	// the next one itself, or the client's own credentials are (RFC 6749 section 4.4).
	Renews bool

	// Own says that tokens are the program's, and no user's: keys without a user are right.
	Own bool
}

// renewable reports whether t, a token of provider, can be refreshed.
func (k *Keeper) renewable(provider string, t *token.Token) bool {
	return t.RefreshToken != "" || k.c.traits(provider).Renews
}

// bare reports whether t is its own refresh token, or none is needed: once it has expired nothing is left to
// refresh with, so a doubt about the last try is settled by another while it lives.
func bare(t *token.Token) bool { return t.RefreshToken == "" || t.RefreshToken == t.AccessToken }

// Keeper keeps stored tokens fresh. Its methods are safe for concurrent use. Errors are usually a
// [*token.Error] around what the storage said, or around a sentinel or [*Failure] of this package.
type Keeper struct {
	c       Config
	shared  token.Versioned // nil: the storage is not Versioned
	browser *browsers       // nil unless the storage reaches one Request
	turns   *turns
	bells   *bells

	mu      sync.Mutex
	flights map[flightID]*flight
	held    map[token.Key]*successor
	holding atomic.Bool      // anything, to be asked without the lock
	brakes  map[string]brake // by provider
	running int              // flights, and successors being stored
	idle    chan struct{}    // closed when running is 0

	closing, closed chan struct{} // Shutdown was called; it has returned
}

// New returns a keeper of the records in c.Storage. It starts nothing.
func New(c Config) (*Keeper, error) {
	if c.Storage == nil || c.Refresher == nil {
		return nil, errors.New("keeper: Config needs a Storage and a Refresher")
	}
	if c.Margin < 0 || c.Lease < 0 || c.Patience < 0 || c.Parallel < 0 {
		return nil, errors.New("keeper: Config has a negative Margin, Lease, Patience or Parallel")
	}
	k := &Keeper{
		c:       c,
		turns:   newTurns(),
		bells:   newBells(),
		flights: make(map[flightID]*flight),
		held:    make(map[token.Key]*successor),
		brakes:  make(map[string]brake),
		closing: make(chan struct{}),
		closed:  make(chan struct{}),
	}
	if token.Reaches(c.Storage) == token.Request {
		k.browser = newBrowsers(max(time.Minute, c.lease()))
	} else if v, ok := token.As[token.Versioned](c.Storage); ok {
		k.shared = v
	}
	return k, nil
}

// Put stores t as a new grant, which replaces what was at key whatever is under way there, and
// returns its record. The subject is the provider's id of the account, "" where it is unknown.
func (k *Keeper) Put(ctx context.Context, key token.Key, t *token.Token, subject string) (token.Record, error) {
	if err := k.check("put", key); err != nil {
		return token.Record{}, err
	}
	if t == nil {
		return token.Record{}, &token.Error{Op: "put", Key: key, Err: errNoToken}
	}
	r := token.New(t)
	r.Subject = subject
	r.RefreshAt = k.refreshAt(key.Provider, t, time.Now())
	old := k.brought(ctx, key)
	end, err := k.turn(ctx, "set", key)
	if err != nil {
		return token.Record{}, err
	}
	defer end()
	if err := k.c.Storage.Set(ctx, key, r); err != nil {
		return token.Record{}, err
	}
	k.forget(key, old, r)
	return r, nil
}

// Peek returns the record at key as it is stored, perhaps slightly old, or an error matching
// [token.ErrNotFound]. Its freshness is not looked at: this is for showing the state of a
// connection.
func (k *Keeper) Peek(ctx context.Context, key token.Key) (token.Record, error) {
	if err := k.check("peek", key); err != nil {
		return token.Record{}, err
	}
	return k.c.Storage.Get(ctx, key)
}

// check refuses a key that could be anybody's.
func (k *Keeper) check(op string, key token.Key) error {
	switch {
	case key.Provider == "":
		return &token.Error{Op: op, Key: key, Err: token.ErrKey}
	case key.User == "" && !k.c.Site && k.browser == nil && !k.c.traits(key.Provider).Own:
		return &token.Error{Op: op, Key: key, Err: token.ErrNoUser}
	default:
		return nil
	}
}
