// Package redisstore keeps tokens in Redis, alone or as a Cluster.
//
//	tokens, err := redisstore.Open("redis://127.0.0.1:6379")
//
// A record is one value that never expires, and is found again by indexes that change in the same step.
// What Redis itself may lose, and which of its settings decide that, is in docs/redis.md: by default
// it has not written to disk, nor given to a replica, all that it acknowledged.
package redisstore

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/waltz-oauth/waltz/token"
)

// Config says where in Redis, and what a write waits for.
type Config struct {
	// Prefix begins every key and the channel on which changes are told; "": "waltz". It has at most 64
	// letters, digits and characters of "._:-".
	Prefix string

	// Replicas is how many replicas must have what was written before a write succeeds, by WAIT. With 0 a
	// failover loses the writes of its last moments, though they were acknowledged. A write that too few
	// have after ReplicaTimeout fails with [ErrReplicas].
	Replicas int

	// ReplicaTimeout is how long a write waits for replicas; 0: a second. It is to be shorter than the
	// client's ReadTimeout.
	ReplicaTimeout time.Duration

	// Owned has [Storage.Close] close the client too.
	Owned bool
}

func (c Config) prefix() string { return cmp.Or(c.Prefix, "waltz") }

func (c Config) replicaTimeout() time.Duration { return cmp.Or(c.ReplicaTimeout, time.Second) }

// Storage keeps tokens in Redis. Its errors are [*token.Error]. Keys are kept byte for byte; those of more
// than 8 kB in all are refused with [token.ErrKey].
type Storage struct {
	client redis.UniversalClient
	config Config
	shards []*shard

	set, swap, delete, load, confirm script

	doubts doubts
}

var (
	_ token.Versioned = (*Storage)(nil)
	_ token.Lister    = (*Storage)(nil)
	_ token.Watcher   = (*Storage)(nil)
)

// New returns a storage in the Redis of client, which it does not touch: a client of one server, of a
// Cluster, or of what Sentinels watch. A Ring is refused, since it moves keys to another server when one
// is down.
//
// Set the client's ContextTimeoutEnabled, so that a call ends at its context's deadline when the server
// is silent. Reads are tried again as the client's MaxRetries says; writes are sent once.
func New(client redis.UniversalClient, c Config) (*Storage, error) {
	switch client.(type) {
	case nil:
		return nil, errors.New("redisstore: no client given")
	case *redis.Client, *redis.ClusterClient:
	case *redis.Ring:
		return nil, errors.New("redisstore: a Ring moves keys to another server when one is down, and loses tokens")
	default:
		if c.Replicas > 0 {
			return nil, fmt.Errorf("redisstore: replicas can be waited for by a *redis.Client or *redis.ClusterClient, not by a %T", client)
		}
	}
	if !regexp.MustCompile(`^[A-Za-z0-9._:-]{1,64}$`).MatchString(c.prefix()) {
		return nil, fmt.Errorf("redisstore: prefix %q: want at most 64 letters, digits and characters of ._:-", c.prefix())
	}
	if c.Replicas < 0 || c.ReplicaTimeout < 0 {
		return nil, errors.New("redisstore: replicas and the time to wait for them cannot be less than nothing")
	}
	return &Storage{
		client: client,
		config: c,
		shards: newShards(c.prefix()),
		set:    newScript(setScript),
		swap:   newScript(swapScript),
		delete: newScript(deleteScript),
		load:   newScript(loadScript),

		confirm: newScript(confirmScript),

		doubts: doubts{keys: make(map[token.Key]uint64)},
	}, nil
}

// Reach reports that every machine sees what is in Redis.
func (s *Storage) Reach() token.Reach { return token.Network }

// Close closes the client where [Config] says that it is owned.
func (s *Storage) Close() error {
	if !s.config.Owned {
		return nil
	}
	return s.client.Close()
}
