package redisstore

import (
	"errors"
	"net/url"

	"github.com/redis/go-redis/v9"
)

// Open returns a storage in the Redis at a URL such as redis://USER:PASSWORD@HOST:6379/0, or rediss://
// for TLS. It does not connect yet. Close the storage when done.
//
// A Cluster is named by several of its servers, with parameters: redis://HOST:6379?addr=HOST2:6379. What
// Sentinels watch is named by them and by its name: redis://SENTINEL:26379?master_name=NAME, with further
// Sentinels as addr. Other parameters are those of go-redis, such as pool_size or read_timeout.
func Open(name string) (*Storage, error) {
	client, err := open(name)
	if err != nil {
		// What is wrong with it is not said: it might be a part of the password.
		return nil, errors.New("redisstore: want a URL such as redis://USER:PASSWORD@HOST:6379/0, special characters of the password as %XX, and parameters that go-redis knows")
	}
	return New(client, Config{Owned: true})
}

func open(name string) (redis.UniversalClient, error) {
	u, err := url.Parse(name)
	if err != nil {
		return nil, err
	}
	switch q := u.Query(); {
	case q.Has("master_name"):
		o, err := redis.ParseFailoverURL(name)
		if err != nil {
			return nil, err
		}
		o.ContextTimeoutEnabled = true
		return redis.NewFailoverClient(o), nil
	case q.Has("addr"):
		o, err := redis.ParseClusterURL(name)
		if err != nil {
			return nil, err
		}
		o.ContextTimeoutEnabled = true
		return redis.NewClusterClient(o), nil
	default:
		o, err := redis.ParseURL(name)
		if err != nil {
			return nil, err
		}
		o.ContextTimeoutEnabled = true
		return redis.NewClient(o), nil
	}
}
