package redisstore

import (
	"context"

	"github.com/redis/go-redis/v9"
)

// once is a command that the client sends once, whatever its MaxRetries. One that was not answered may
// have been done: a Delete that was sent again would delete what somebody stored in between, and a Swap
// would find a conflict with itself.
type once struct{ *redis.Cmd }

// NoRetry is [redis.Cmder]'s.
func (once) NoRetry() bool { return true }

// write runs a script on the keys of a record, and returns its answer: 0 where it changed nothing.
func (s *Storage) write(ctx context.Context, sc script, at *shard, name string, args ...any) (int64, error) {
	cmd, err := s.run(ctx, sc, at, append([]any{3, at.head + name, at.index, at.due}, args...))
	changed, failed := cmd.Int64()
	if failed != nil || changed == 0 {
		return 0, failed
	}
	return changed, err
}

// run runs a script that writes. Its error is that of the command, or [ErrReplicas].
func (s *Storage) run(ctx context.Context, sc script, at *shard, args []any) (cmd once, err error) {
	send := func(command, text string) error {
		cmd = once{redis.NewCmd(ctx, append([]any{command, text}, args...)...)}
		if s.config.Replicas > 0 {
			return s.replicated(ctx, at, cmd)
		}
		return s.client.Process(ctx, cmd)
	}
	if err = send("evalsha", sc.Hash()); redis.HasErrorPrefix(err, "NOSCRIPT") { // it was started since, or is another
		err = send("eval", sc.text)
	}
	return cmd, err
}
