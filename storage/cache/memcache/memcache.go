// Package memcache is the part of package cache that processes share, in memcached servers.
//
//	shared, err := memcache.Open("10.0.0.1:11211", "10.0.0.2:11211")
//	s, err := cache.New(cache.Config{Next: store, Backend: shared})
//
// memcached has no messages, so other processes' memory is told of changes by another bus, or by none.
// Whoever reaches a memcached can plant tokens there and read them, so it wants a network of its own, or
// a seal over the cache.
package memcache

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/bradfitz/gomemcache/memcache"

	"github.com/waltz-oauth/waltz/storage/cache"
)

// Config says which servers, and where in them.
type Config struct {
	Client *memcache.Client // required; its Timeout, not a context, ends a call that hangs
	Prefix string           // of all keys, at most 200 bytes without spaces: "waltz:" by default; another for each storage that is cached
}

func (c Config) prefix() string { return cmp.Or(c.Prefix, "waltz:") }

// Cache is one or more memcached servers.
type Cache struct {
	c     Config
	owned bool
}

var _ cache.Backend = (*Cache)(nil)

const (
	// isLease is the flag of an item that holds no value. It is there for its version, which is the
	// lease: it is another after every drop, and all who miss share it.
	isLease = 1

	leaseTTL = 30         // seconds
	month    = 30 * 86400 // a longer time-to-live would be taken for a date
	largest  = 1_000_000  // of 1 MiB, which is what servers take unless told otherwise
)

// New returns a cache in the servers that c.Client talks to.
func New(c Config) (*Cache, error) {
	switch {
	case c.Client == nil:
		return nil, errors.New("memcache: Config needs a Client")
	case len(c.Prefix) > 200:
		return nil, errors.New("memcache: Config has too long a Prefix")
	}
	return &Cache{c: c}, nil
}

// Open returns a cache in the servers at addresses such as 127.0.0.1:11211, among which the keys are
// divided: all processes name them in the same order. It does not connect yet. Close the cache when
// done.
func Open(servers ...string) (*Cache, error) {
	list := new(memcache.ServerList)
	if len(servers) == 0 || slices.Contains(servers, "") {
		return nil, errors.New("memcache: no server is named")
	}
	if err := list.SetServers(servers...); err != nil {
		return nil, errors.Join(errors.New("memcache: a server's address does not resolve"), err)
	}
	client := memcache.NewFromSelector(list)
	client.Timeout = 250 * time.Millisecond
	client.MaxIdleConns = 64
	return &Cache{c: Config{Client: client}, owned: true}, nil
}

// Close closes the connections of a cache that was made by Open.
func (c *Cache) Close() error {
	if !c.owned {
		return nil
	}
	return c.c.Client.Close()
}

// Get is [cache.Backend]'s.
func (c *Cache) Get(ctx context.Context, key string) ([]byte, cache.Lease, error) {
	key = c.c.prefix() + key
	item, err := c.item(ctx, key)
	if item != nil || err != nil {
		return answer(item, err)
	}
	err = c.c.Client.Add(&memcache.Item{Key: key, Flags: isLease, Expiration: leaseTTL})
	if err != nil && !errors.Is(err, memcache.ErrNotStored) { // which another has added meanwhile
		return nil, "", err
	}
	return answer(c.item(ctx, key)) // which alone tells the version
}

// item returns nil where there is none.
func (c *Cache) item(ctx context.Context, key string) (*memcache.Item, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	item, err := c.c.Client.Get(key)
	if errors.Is(err, memcache.ErrCacheMiss) {
		return nil, nil
	}
	return item, err
}

func answer(item *memcache.Item, err error) ([]byte, cache.Lease, error) {
	switch {
	case item == nil || err != nil:
		return nil, "", err
	case item.Flags == isLease:
		return nil, cache.Lease(strconv.FormatUint(item.CasID, 10)), nil
	default:
		return item.Value, "", nil
	}
}

// Fill is [cache.Backend]'s. A value that is too large for a server is not stored, and that is no
// error.
func (c *Cache) Fill(ctx context.Context, key string, lease cache.Lease, value []byte, ttl time.Duration) (bool, error) {
	version, err := strconv.ParseUint(string(lease), 10, 64)
	if err := cmp.Or(err, ctx.Err()); err != nil {
		return false, err
	}
	if len(value) > largest {
		return true, nil // for the lease may well stand
	}
	err = c.c.Client.CompareAndSwap(&memcache.Item{
		Key:        c.c.prefix() + key,
		Value:      value,
		Expiration: seconds(ttl),
		CasID:      version,
	})
	switch {
	case errors.Is(err, memcache.ErrCASConflict), errors.Is(err, memcache.ErrNotStored), errors.Is(err, memcache.ErrCacheMiss):
		return false, nil
	default:
		return err == nil, err
	}
}

// Drop is [cache.Backend]'s.
func (c *Cache) Drop(ctx context.Context, key string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := c.c.Client.Delete(c.c.prefix() + key); !errors.Is(err, memcache.ErrCacheMiss) {
		return err
	}
	return nil
}

// seconds rounds down, but not to none, which would be forever.
func seconds(ttl time.Duration) int32 {
	return int32(min(max(1, ttl/time.Second), month))
}
