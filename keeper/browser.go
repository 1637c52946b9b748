package keeper

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/waltz-oauth/waltz/token"
)

// A browser sends several requests at once, all with the same cookie, and each has a response of
// its own to set a new one on. So a refresh works on a copy of the record in memory, and whoever
// finds an older record in the request's cookie sets what the memory has on its own response.

// errUncarried: the token was refreshed and this response could not be given the new one.
var errUncarried = errors.New("refreshed token not set on this response")

// renewSession has r, which came with this request, refreshed, and sets what comes of it on this
// response. First it sets r itself: where that cannot be done, nothing is to be spent for it.
func (k *Keeper) renewSession(ctx context.Context, key token.Key, r token.Record, forced bool) (token.Record, error) {
	if err := k.c.Storage.Set(ctx, key, r); err != nil {
		return token.Record{}, refreshError(key, err)
	}
	got, err := k.join(ctx, k.storeFor(key, r), key, r, forced)
	if ctx.Err() != nil {
		return got, err
	}
	stored, carryErr := k.read(ctx, key, k.c.Storage.Get)
	switch {
	case err != nil:
		return token.Record{}, err
	case carryErr == nil && same(stored, r): // the memory was full
		return k.set(ctx, key, got)
	default:
		return stored, carryErr
	}
}

// carry returns r, which came with this request, or what came after it, which it sets on this
// response.
func (k *Keeper) carry(ctx context.Context, key token.Key, r token.Record) (token.Record, error) {
	newer, ok, gone := k.browser.after(key, r)
	switch {
	case gone:
		return token.Record{}, &token.Error{Op: "get", Key: key, Err: token.ErrNotFound}
	case ok:
		return k.set(ctx, key, newer)
	default:
		return r, nil
	}
}

func (k *Keeper) set(ctx context.Context, key token.Key, r token.Record) (token.Record, error) {
	if err := k.c.Storage.Set(ctx, key, r); err != nil {
		return token.Record{}, refreshError(key, fmt.Errorf("%w: %w", errUncarried, err))
	}
	return r, nil
}

// brought returns the record at key that this request's session has, for forget; one without a
// token where it has none, or where records are not in a session.
func (k *Keeper) brought(ctx context.Context, key token.Key) token.Record {
	if k.browser == nil {
		return token.Record{}
	}
	r, err := k.c.Storage.Get(ctx, key)
	if err != nil {
		return token.Record{}
	}
	return r
}

// forget makes sure that nothing which comes of r is set over what took its place: a login's record,
// or the zero Record after a logout.
func (k *Keeper) forget(key token.Key, r, by token.Record) {
	if k.browser != nil && r.Token != nil {
		by.Token = nil // it is in the cookie
		k.browser.end(key, r, by)
	}
}

// browsers remembers what came of the records of browsers' sessions, for a while and up to a number.
type browsers struct {
	life time.Duration
	most int
	mu   sync.Mutex
	byID map[sessionID]*list.Element // of *session
	old  *list.List                  // the longest untouched first
}

// sessionID is a grant of one browser. The key alone may be that of every visitor.
type sessionID struct {
	key   token.Key
	grant string
}

// session is the store of the refreshes of one grant of one browser.
type session struct {
	all     *browsers
	id      sessionID
	r       token.Record
	gone    bool // the person logged out, or in anew: then r is that login's, without its token
	touched time.Time
}

func newBrowsers(life time.Duration) *browsers {
	return &browsers{life: life, most: 4096, byID: make(map[sessionID]*list.Element), old: list.New()}
}

// enter returns the session of r, which came with a request.
func (b *browsers) enter(key token.Key, r token.Record) *session {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.find(key, r)
	if s == nil || !s.gone && s.r.Generation < r.Generation {
		s = &session{all: b, id: sessionID{key, grantOf(r)}, r: r}
		b.touch(s)
	}
	return s
}

// after returns what came after r, and whether there is such a record, or r's grant was ended.
func (b *browsers) after(key token.Key, r token.Record) (newer token.Record, ok, gone bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.find(key, r)
	if s == nil || s.gone {
		return token.Record{}, false, s != nil
	}
	learnt := s.r.NotBefore.After(r.NotBefore) || s.r.State == token.Reauthorize && r.State != token.Reauthorize
	ok = s.r.Generation > r.Generation || s.r.Generation == r.Generation && learnt
	return s.r, ok, false
}

// end marks r's grant as ended by what took its place.
func (b *browsers) end(key token.Key, r, by token.Record) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.find(key, r)
	if s == nil {
		s = &session{all: b, id: sessionID{key, grantOf(r)}}
	}
	s.gone, s.r = true, by
	b.touch(s)
}

func (b *browsers) find(key token.Key, r token.Record) *session {
	e := b.byID[sessionID{key, grantOf(r)}]
	if e == nil {
		return nil
	}
	s := e.Value.(*session)
	if time.Since(s.touched) > b.life {
		return nil
	}
	return s
}

// touch puts s in the memory as the newest, and drops from it what is too old or too many. A refresh
// under way has its session all the same.
func (b *browsers) touch(s *session) {
	if e := b.byID[s.id]; e != nil {
		b.old.Remove(e)
	}
	s.touched = time.Now()
	b.byID[s.id] = b.old.PushBack(s)
	for e := b.old.Front(); e != nil; e = b.old.Front() {
		oldest := e.Value.(*session)
		if b.old.Len() <= b.most && time.Since(oldest.touched) <= b.life {
			return
		}
		delete(b.byID, oldest.id)
		b.old.Remove(e)
	}
}

// Load returns what took the place of a grant that was ended, beside ErrNotFound.
func (s *session) Load(_ context.Context, key token.Key) (token.Record, error) {
	s.all.mu.Lock()
	defer s.all.mu.Unlock()
	if s.gone {
		return s.r, &token.Error{Op: "load", Key: key, Err: token.ErrNotFound}
	}
	r := s.r
	r.Version = versionOf(r)
	return r, nil
}

func (s *session) Swap(_ context.Context, key token.Key, old token.Version, r token.Record) (token.Version, error) {
	s.all.mu.Lock()
	defer s.all.mu.Unlock()
	if s.gone || versionOf(s.r) != old {
		return "", &token.Error{Op: "swap", Key: key, Err: token.ErrConflict}
	}
	s.r = r
	s.all.touch(s)
	return versionOf(r), nil
}
