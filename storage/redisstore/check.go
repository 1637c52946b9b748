package redisstore

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/waltz-oauth/waltz/token"
)

// ErrEvicts says that a server throws away any key it likes when its memory is full, tokens too: it is set
// up as a cache.
var ErrEvicts = errors.New("the server throws tokens away when its memory is full")

// Check reports whether every server answers and keeps what it is given: [ErrEvicts] where its
// maxmemory-policy is one of allkeys. It does not see what else decides that, such as appendfsync.
func (s *Storage) Check(ctx context.Context) error {
	check := func(ctx context.Context, server redis.Cmdable) error {
		info, err := server.Info(ctx, "memory").Result()
		if err != nil {
			return err
		}
		limited, policy := true, ""
		for line := range strings.SplitSeq(info, "\r\n") {
			switch name, value, _ := strings.Cut(line, ":"); name {
			case "maxmemory":
				limited = value != "0"
			case "maxmemory_policy":
				policy = value
			}
		}
		if limited && strings.HasPrefix(policy, "allkeys") {
			return fmt.Errorf("%w: maxmemory-policy is %s, want noeviction", ErrEvicts, policy)
		}
		return nil
	}
	var err error
	if cluster, ok := s.client.(*redis.ClusterClient); ok {
		err = cluster.ForEachMaster(ctx, func(ctx context.Context, server *redis.Client) error { return check(ctx, server) })
	} else {
		err = check(ctx, s.client)
	}
	return s.failed(ctx, "check", token.Key{}, err)
}
