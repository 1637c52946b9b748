// Package cache keeps tokens close to those who read them: in memory, and if you like in a Redis or
// memcached that processes share. It wraps any storage:
//
//	s, err := cache.New(cache.Config{Next: store})
//
// A key that is read by many at once is loaded once, and a key that has no token is remembered for a
// short time too. Writes go to the storage and then drop what was cached.
//
// # How old a token may be
//
// After Set, Delete or Swap returned, no Get of the same process returns what was there before, even
// one that read it from the storage earlier and is slow to put it into the cache. Whoever misses takes
// a lease before reading the storage, a drop ends the leases on its key, and without its lease nothing
// is put into the cache.
//
// Leases hold in a shared [Backend] too, between processes. So after the write nobody finds the old
// token in Redis, nor puts it back. With memcached the same holds unless the server is restarted
// while a reader has a lease: its version numbers then begin again and could, once in a very long
// while, come to the same. An engine that itself forgets a drop, such as a Redis that fails over to a
// replica that lags, or is restarted from an old snapshot, shows the old token until SharedTTL.
//
// What other processes have in memory is dropped when a [Bus] tells them, or the storage itself if it
// is a [token.Watcher]; while [Storage.Run] runs, that is. Without either they keep the old token until
// TTL. It also comes to that, and to SharedTTL, for a write that goes round the cache, and for a process
// that ends between its write and the drop.
//
// Load and Swap go to the storage itself, always. So no refresh is decided on an old record.
//
// # When a server is down
//
// A Backend or Bus that fails is left alone for a second at a time, and calls go to the storage. What
// should have been dropped there is remembered and dropped when it is back; until then this process
// does not look there for those keys. The log says so once a minute at most. No call fails for it.
//
// # With a seal
//
// Both orders work. A cache over a seal opens each token once and then holds it in the clear, in
// memory and in the Backend. A seal over a cache leaves only ciphertext there, and opens it at every
// Get. Where a Backend is shared, the seal belongs over the cache.
//
// # Transactions
//
// A storage within the caller's own transaction is not the one that the cache wraps, and a drop before
// the commit would be too early. Call [Storage.Drop] after it.
package cache

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"time"

	"github.com/waltz-oauth/waltz/token"
)

// Config is what a cache is made of. The zero value of a field means its default.
type Config struct {
	Next token.Storage // what is cached; required

	Size      int           // how many keys are held in memory: 10,000 by default
	TTL       time.Duration // how long a record is: a minute by default
	AbsentTTL time.Duration // how long it is remembered that a key has none, everywhere: 2 s by default

	Backend   Backend       // a second cache, which processes share; nil: none
	SharedTTL time.Duration // how long a record is in it: 10 minutes by default

	Bus     Bus           // tells other processes what to drop; nil: nobody is told
	Timeout time.Duration // of one call to Backend or Bus: 250 ms by default
	Logger  *slog.Logger  // slog.Default() by default
}

func (c Config) size() int                { return cmp.Or(c.Size, 10_000) }
func (c Config) ttl() time.Duration       { return cmp.Or(c.TTL, time.Minute) }
func (c Config) absentTTL() time.Duration { return cmp.Or(c.AbsentTTL, 2*time.Second) }
func (c Config) sharedTTL() time.Duration { return cmp.Or(c.SharedTTL, 10*time.Minute) }
func (c Config) timeout() time.Duration   { return cmp.Or(c.Timeout, 250*time.Millisecond) }
func (c Config) logger() *slog.Logger     { return cmp.Or(c.Logger, slog.Default()) }

// Storage is a cache over another storage, and can do what that one can.
type Storage struct {
	c         Config
	next      token.Storage
	versioned token.Versioned // nil where next is not
	lister    token.Lister
	watcher   token.Watcher

	id      string // tells this cache's messages on the bus from others'
	memory  *memory
	backend *link // nil: none
	bus     *link
}

var (
	_ token.Wrapper   = (*Storage)(nil)
	_ token.Versioned = (*Storage)(nil)
	_ token.Lister    = (*Storage)(nil)
	_ token.Watcher   = (*Storage)(nil)
)

// New returns a cache over c.Next. It starts nothing: see [Storage.Run]. A storage that reaches one
// [token.Request] is refused, since its records belong to one browser and the cache would show them to
// another.
func New(c Config) (*Storage, error) {
	switch {
	case c.Next == nil:
		return nil, errors.New("cache: Config needs a Next")
	case c.Size < 0 || min(c.TTL, c.AbsentTTL, c.SharedTTL, c.Timeout) < 0:
		return nil, errors.New("cache: Config has a negative size or duration")
	case token.Reaches(c.Next) == token.Request:
		return nil, errors.New("cache: what is kept in a browser's session cannot be cached")
	}
	m, err := newMemory(c.size())
	if err != nil {
		return nil, err
	}
	s := &Storage{c: c, next: c.Next, id: rand.Text(), memory: m}
	s.versioned, _ = token.As[token.Versioned](c.Next)
	s.lister, _ = token.As[token.Lister](c.Next)
	s.watcher, _ = token.As[token.Watcher](c.Next)
	if c.Backend != nil {
		s.backend = newLink(&link{what: "backend", deliver: s.dropShared, late: s.tell, fade: c.sharedTTL() + leaseTTL}, c)
	}
	if c.Bus != nil {
		s.bus = newLink(&link{what: "bus", deliver: s.publish, fade: c.ttl()}, c)
	}
	return s, nil
}

// Unwrap returns what is cached, for [token.As] to ask.
func (s *Storage) Unwrap() token.Storage { return s.next }

// Get is [token.Storage]'s. What it returns may be as old as the package's comment says.
func (s *Storage) Get(ctx context.Context, key token.Key) (token.Record, error) {
	if err := ctx.Err(); err != nil {
		return token.Record{}, &token.Error{Op: "get", Key: key, Err: err}
	}
	if e := s.memory.get(key); e != nil {
		return e.record, e.err
	}
	return s.fetch(ctx, key)
}

// Set is [token.Storage]'s.
func (s *Storage) Set(ctx context.Context, key token.Key, r token.Record) error {
	defer s.Drop(ctx, key) // whatever Set says: it may have happened
	return s.next.Set(ctx, key, r)
}

// Delete is [token.Storage]'s.
func (s *Storage) Delete(ctx context.Context, key token.Key) error {
	defer s.Drop(ctx, key)
	return s.next.Delete(ctx, key)
}

// Drop makes every cache forget key: for after a write that went round this one, such as the commit of
// a transaction. It is done even if ctx is, and where a server is down it is done later.
func (s *Storage) Drop(ctx context.Context, key token.Key) {
	s.forget(ctx, key)
	s.tell(ctx, key)
}

// forget drops key from this process and from what it shares. Memory comes last: a reader could
// otherwise fill it from the backend in between.
func (s *Storage) forget(ctx context.Context, key token.Key) {
	if s.backend != nil {
		s.backend.send(ctx, key)
	}
	s.memory.drop(key)
}

// tell has other processes drop key from memory. It follows the drop from the backend, or they might
// find it there again.
func (s *Storage) tell(ctx context.Context, key token.Key) {
	if s.bus != nil {
		s.bus.send(ctx, key)
	}
}
