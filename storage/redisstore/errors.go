package redisstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/waltz-oauth/waltz/token"
)

// ErrReplicas says that a write was made, and is on fewer replicas than [Config] asks for. A failover
// may undo it.
var ErrReplicas = errors.New("written, but not on enough replicas")

var (
	errForeign = errors.New("what stands at a key of its own in Redis is somebody else's")
	errRecord  = errors.New("what stands at the key in Redis is no record")
	errLines   = errors.New("it has not the lines of one")
	errIndex   = errors.New("what stands in the index in Redis is no key")
)

// failed returns what a caller is told of err.
func (s *Storage) failed(ctx context.Context, op string, key token.Key, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, redis.Nil):
		err = token.ErrNotFound
	case redis.HasErrorPrefix(err, "WRONGTYPE"):
		err = errForeign // what Redis says names a script
	case unanswered(err):
		s.lookAround(ctx)
		err = because(ctx, err)
	}
	return &token.Error{Op: op, Key: key, Err: err}
}

func unanswered(err error) bool {
	_, network := errors.AsType[net.Error](err)
	return network || errors.Is(err, io.EOF)
}

// because returns err with that of ctx where that is why. A connection that ends at a context's deadline may
// do so just before the context.
func because(ctx context.Context, err error) error {
	why := ctx.Err()
	if at, ok := ctx.Deadline(); ok && !time.Now().Before(at) {
		why = context.DeadlineExceeded
	}
	if why == nil || errors.Is(err, why) {
		return err
	}
	return fmt.Errorf("%w: %w", why, err)
}

// lookAround has the client of a Cluster ask who its servers are, as it does by itself once a minute. Another
// may have taken the place of one that does not answer.
func (s *Storage) lookAround(ctx context.Context) {
	if cluster, ok := s.client.(*redis.ClusterClient); ok {
		cluster.ReloadState(ctx)
	}
}
