package redisstore

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"
)

// once is a command that the client sends once, whatever its MaxRetries. One that was not answered may
// have been done: a Delete that was sent again would delete what somebody stored in between, and a Swap
// would find a conflict with itself.
type once struct{ *redis.Cmd }

// NoRetry is [redis.Cmder]'s.
func (once) NoRetry() bool { return true }

// write runs a script on the keys of a record, and returns its answer.
func (s *Storage) write(ctx context.Context, sc script, at *shard, name string, args []any) (int64, error) {
	rest := append([]any{3, at.head + name, at.index, at.due}, args...)
	run := func(command, text string) (int64, error) {
		cmd := once{redis.NewCmd(ctx, append([]any{command, text}, rest...)...)}
		if s.config.Replicas > 0 {
			return s.replicated(ctx, at, cmd)
		}
		_ = s.client.Process(ctx, cmd) // cmd has the error
		return cmd.Int64()
	}
	done, err := run("evalsha", sc.Hash())
	if redis.HasErrorPrefix(err, "NOSCRIPT") { // the server was started since, or another has taken its place
		done, err = run("eval", sc.text)
	}
	return done, err
}

// replicated runs cmd and waits for replicas, which is asked on the connection that wrote.
func (s *Storage) replicated(ctx context.Context, at *shard, cmd once) (int64, error) {
	const tries = 20
	for try := 1; ; try++ {
		server, cluster, err := s.server(ctx, at)
		if err != nil {
			return 0, err
		}
		pipe := server.Pipeline()
		_ = pipe.Process(ctx, cmd)
		have := redis.NewIntCmd(ctx, "wait", s.config.Replicas, s.config.replicaTimeout().Milliseconds())
		_ = pipe.Process(ctx, have)
		_, _ = pipe.Exec(ctx) // the commands have their errors
		done, err := cmd.Int64()
		// A slot that has moved to another server: nothing was done here.
		if cluster != nil && try < tries && (redis.HasErrorPrefix(err, "MOVED") || redis.HasErrorPrefix(err, "ASK")) {
			if cluster.ReloadState(ctx); pause(ctx) {
				continue
			}
			return 0, ctx.Err()
		}
		if err != nil || done == 0 {
			return done, err
		}
		n, err := have.Result()
		if err != nil {
			return 0, fmt.Errorf("%w: %w", ErrReplicas, err)
		}
		if n < int64(s.config.Replicas) {
			return 0, fmt.Errorf("%w: on %d of %d", ErrReplicas, n, s.config.Replicas)
		}
		return done, nil
	}
}

// server returns the client of the server that has the shard, and of the Cluster that it is in.
func (s *Storage) server(ctx context.Context, at *shard) (*redis.Client, *redis.ClusterClient, error) {
	if cluster, ok := s.client.(*redis.ClusterClient); ok {
		server, err := cluster.MasterForKey(ctx, at.index)
		return server, cluster, err
	}
	return s.client.(*redis.Client), nil, nil
}
