package keeper_test

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"sync"
	"time"

	"github.com/waltz-oauth/waltz/token"
)

// engine keeps records as their JSON has them, counts versions, and fails where it is told to.
type engine struct {
	mu     sync.Mutex
	rows   map[token.Key]token.Record
	writes int

	clock func() time.Time                      // what Load says the time is; nil: nothing
	stale map[token.Key]token.Record            // what Get finds instead
	fail  func(op string, r token.Record) error // instead of doing it
	lie   func(op string, r token.Record) error // after doing it
	delay func(op string) time.Duration         // before doing it
	seen  func(op string, key token.Key)        // before anything

	changed []func(token.Key) // of those who watch
}

var errDown = errors.New("storage is down")

func newEngine() *engine { return &engine{rows: make(map[token.Key]token.Record)} }

// ring tells those who watch that key has changed.
func (e *engine) ring(key token.Key) {
	e.mu.Lock()
	all := e.changed
	e.mu.Unlock()
	for _, changed := range all {
		changed(key)
	}
}

func (e *engine) enter(ctx context.Context, op string, key token.Key, r token.Record) error {
	if e.seen != nil {
		e.seen(op, key)
	}
	if e.delay != nil {
		time.Sleep(e.delay(op))
	}
	if err := ctx.Err(); err != nil {
		return &token.Error{Op: op, Key: key, Err: err}
	}
	if e.fail != nil {
		if err := e.fail(op, r); err != nil {
			return &token.Error{Op: op, Key: key, Err: err}
		}
	}
	return nil
}

func (e *engine) leave(op string, key token.Key, r token.Record) error {
	if e.lie != nil {
		if err := e.lie(op, r); err != nil {
			return &token.Error{Op: op, Key: key, Err: err}
		}
	}
	return nil
}

func (e *engine) get(op string, key token.Key) (token.Record, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	stored, ok := e.rows[key]
	if !ok {
		return token.Record{}, &token.Error{Op: op, Key: key, Err: token.ErrNotFound}
	}
	return stored, nil
}

func (e *engine) put(key token.Key, r token.Record) (token.Version, error) {
	b, err := json.Marshal(r)
	if err != nil {
		return "", err
	}
	var kept token.Record
	if err := json.Unmarshal(b, &kept); err != nil {
		return "", err
	}
	e.writes++
	kept.Version = token.Version(strconv.Itoa(e.writes))
	e.rows[key] = kept
	return kept.Version, nil
}

func (e *engine) Get(ctx context.Context, key token.Key) (token.Record, error) {
	if err := e.enter(ctx, "get", key, token.Record{}); err != nil {
		return token.Record{}, err
	}
	if r, ok := e.stale[key]; ok {
		return r, nil
	}
	return e.get("get", key)
}

func (e *engine) Set(ctx context.Context, key token.Key, r token.Record) error {
	if err := e.enter(ctx, "set", key, r); err != nil {
		return err
	}
	e.mu.Lock()
	_, err := e.put(key, r)
	e.mu.Unlock()
	if err != nil {
		return err
	}
	return e.leave("set", key, r)
}

func (e *engine) Delete(ctx context.Context, key token.Key) error {
	if err := e.enter(ctx, "delete", key, token.Record{}); err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.rows, key)
	return nil
}

// shared is the engine with all five methods.
type shared struct{ *engine }

var _ token.Versioned = shared{}

func (s shared) Load(ctx context.Context, key token.Key) (token.Record, error) {
	if err := s.enter(ctx, "load", key, token.Record{}); err != nil {
		return token.Record{}, err
	}
	r, err := s.get("load", key)
	if err == nil && s.clock != nil {
		r.Now = s.clock()
	}
	return r, err
}

func (s shared) Swap(ctx context.Context, key token.Key, old token.Version, r token.Record) (token.Version, error) {
	if err := s.enter(ctx, "swap", key, r); err != nil {
		return "", err
	}
	s.mu.Lock()
	stored, ok := s.rows[key]
	if !ok || stored.Version != old {
		s.mu.Unlock()
		return "", &token.Error{Op: "swap", Key: key, Err: token.ErrConflict}
	}
	v, err := s.put(key, r)
	s.mu.Unlock()
	if err != nil {
		return "", err
	}
	return v, s.leave("swap", key, r)
}

// session is a storage that reaches one request: the records are in a cookie, which each request
// brings and on whose response a new one can be set until that begins.
type session struct{}

type cookieKey struct{}

// cookie is what one request has of a browser's session.
type cookie struct {
	mu    sync.Mutex
	r     map[token.Key]token.Record
	sets  int
	begun bool // the response
}

func (c *cookie) begin() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.begun = true
}

func (c *cookie) get(key token.Key) (token.Record, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r, ok := c.r[key]
	return r, ok
}

// request is a request that brings a session in which r is at key.
func request(ctx context.Context, key token.Key, r token.Record) (context.Context, *cookie) {
	c := &cookie{r: map[token.Key]token.Record{key: r}}
	return context.WithValue(ctx, cookieKey{}, c), c
}

func (session) Reach() token.Reach { return token.Request }

func (session) Get(ctx context.Context, key token.Key) (token.Record, error) {
	if r, ok := ctx.Value(cookieKey{}).(*cookie).get(key); ok {
		return r, nil
	}
	return token.Record{}, &token.Error{Op: "get", Key: key, Err: token.ErrNotFound}
}

func (session) Set(ctx context.Context, key token.Key, r token.Record) error {
	c := ctx.Value(cookieKey{}).(*cookie)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.begun {
		return &token.Error{Op: "set", Key: key, Err: token.ErrTooLate}
	}
	c.sets++
	c.r[key] = r
	return nil
}

func (session) Delete(ctx context.Context, key token.Key) error {
	c := ctx.Value(cookieKey{}).(*cookie)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.begun {
		return &token.Error{Op: "delete", Key: key, Err: token.ErrTooLate}
	}
	delete(c.r, key)
	return nil
}

// three is the engine with three methods.
type three struct{ e *engine }

func (s three) Get(ctx context.Context, key token.Key) (token.Record, error) {
	return s.e.Get(ctx, key)
}

func (s three) Set(ctx context.Context, key token.Key, r token.Record) error {
	return s.e.Set(ctx, key, r)
}

func (s three) Delete(ctx context.Context, key token.Key) error { return s.e.Delete(ctx, key) }
