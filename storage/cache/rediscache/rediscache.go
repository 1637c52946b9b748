// Package rediscache is the part of package cache that processes share, in a Redis, and the bus by
// which they tell each other what to drop.
//
//	shared, err := rediscache.Open("redis://127.0.0.1:6379/0")
//	s, err := cache.New(cache.Config{Next: store, Backend: shared, Bus: shared})
//
// It needs scripts (EVALSHA) and nothing that is newer than Redis 2.6. A Redis that is made to cache
// wants a maxmemory with an eviction policy, and no snapshots: one that comes back from a snapshot has
// tokens again that were dropped since. Whoever may write to it may plant tokens, so it wants a
// password too, or a seal over the cache.
package rediscache

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/waltz-oauth/waltz/storage/cache"
)

// Config says which Redis, and where in it.
type Config struct {
	// Client is required. Set its ContextTimeoutEnabled, so that a call that hangs ends at cache.Config's
	// Timeout.
	Client redis.UniversalClient

	Prefix string // of all keys and of the channel: "waltz:" by default; another for each storage that is cached
}

func (c Config) prefix() string { return cmp.Or(c.Prefix, "waltz:") }

// Cache is a Redis.
type Cache struct {
	c     Config
	owned bool
	get   *redis.Script
	fill  *redis.Script
}

var (
	_ cache.Backend = (*Cache)(nil)
	_ cache.Bus     = (*Cache)(nil)
)

// A key holds a value or a lease, and the first byte says which. A lease that is there is shared by
// all who miss: that it is still there says that nothing was dropped since any of them.
const (
	isValue = "v"
	isLease = "l"

	leaseTTL = 30 * time.Second

	getScript = `
		local held = redis.call('GET', KEYS[1])
		if not held then
			redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
			held = ARGV[1]
		end
		return held`

	fillScript = `
		if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
		redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
		return 1`
)

// New returns a cache in the Redis that c.Client talks to.
func New(c Config) (*Cache, error) {
	if c.Client == nil {
		return nil, errors.New("rediscache: Config needs a Client")
	}
	return &Cache{c: c, get: redis.NewScript(getScript), fill: redis.NewScript(fillScript)}, nil
}

// Open returns a cache in the Redis at a URL such as redis://user:password@host:6379/0, or rediss:// for
// TLS. It does not connect yet. Close the cache when done.
func Open(url string) (*Cache, error) {
	o, err := redis.ParseURL(url)
	if err != nil {
		// Its text may have the password.
		return nil, errors.New("rediscache: not a URL of the form redis://user:password@host:6379/0")
	}
	o.ContextTimeoutEnabled = true
	o.MaxRetries, o.DialerRetries = -1, 1 // the storage answers faster
	c, err := New(Config{Client: redis.NewClient(o)})
	if err != nil {
		return nil, err
	}
	c.owned = true
	return c, nil
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
	held, err := c.get.Run(ctx, c.c.Client, []string{c.c.prefix() + key}, isLease+rand.Text(), leaseTTL.Milliseconds()).Text()
	if err != nil {
		return nil, "", err
	}
	if value, ok := strings.CutPrefix(held, isValue); ok {
		return []byte(value), "", nil
	}
	return nil, cache.Lease(held), nil
}

// Fill is [cache.Backend]'s.
func (c *Cache) Fill(ctx context.Context, key string, lease cache.Lease, value []byte, ttl time.Duration) (bool, error) {
	return c.fill.Run(ctx, c.c.Client, []string{c.c.prefix() + key}, string(lease), isValue+string(value), max(1, ttl.Milliseconds())).Bool()
}

// Drop is [cache.Backend]'s.
func (c *Cache) Drop(ctx context.Context, key string) error {
	return c.c.Client.Del(ctx, c.c.prefix()+key).Err()
}
