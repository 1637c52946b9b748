package redisstore

import (
	"context"
	"fmt"
	"sync"

	"github.com/redis/go-redis/v9"

	"github.com/waltz-oauth/waltz/token"
)

// replicated sends cmd and waits for replicas, which is asked on the connection that wrote.
func (s *Storage) replicated(ctx context.Context, at *shard, cmd once) error {
	const tries = 20
	for try := 1; ; try++ {
		server, cluster, err := s.server(ctx, at)
		if err != nil {
			cmd.SetErr(err)
			return err
		}
		pipe := server.Pipeline()
		have := redis.NewIntCmd(ctx, "wait", s.config.Replicas, s.config.replicaTimeout().Milliseconds())
		_, _ = pipe.Process(ctx, cmd), pipe.Process(ctx, have)
		_, _ = pipe.Exec(ctx) // the commands have their errors
		switch err := cmd.Err(); {
		case err == nil:
			return s.enough(have.Result())
		case cluster == nil || try == tries || !redis.HasErrorPrefix(err, "MOVED") && !redis.HasErrorPrefix(err, "ASK"):
			return err
		}
		// The shard has moved to another server: nothing was done here.
		if cluster.ReloadState(ctx); !pause(ctx) {
			return ctx.Err()
		}
	}
}

// enough is about the answer of WAIT.
func (s *Storage) enough(have int64, err error) error {
	if err != nil {
		return fmt.Errorf("%w: %w", ErrReplicas, err)
	}
	if have < int64(s.config.Replicas) {
		return fmt.Errorf("%w: on %d of %d", ErrReplicas, have, s.config.Replicas)
	}
	return nil
}

// server returns the client of the server that has the shard, and of the Cluster that it is in.
func (s *Storage) server(ctx context.Context, at *shard) (*redis.Client, *redis.ClusterClient, error) {
	if cluster, ok := s.client.(*redis.ClusterClient); ok {
		server, err := cluster.MasterForKey(ctx, at.index)
		return server, cluster, err
	}
	return s.client.(*redis.Client), nil, nil
}

// doubts are the keys at which this process made a Swap that may not be on enough replicas. Who made it
// will Load to see what became of it, and must not take for safe what may be undone.
type doubts struct {
	mu   sync.Mutex
	keys map[token.Key]uint64 // which is the last
	all  uint64
}

// about returns which doubt there is about key; 0: none.
func (d *doubts) about(key token.Key) uint64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.keys[key]
}

// add adds one.
func (d *doubts) add(key token.Key) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.all++
	d.keys[key] = d.all
}

// settle ends one, and not another that has come up meanwhile.
func (d *doubts) settle(key token.Key, which uint64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.keys[key] == which {
		delete(d.keys, key)
	}
}
