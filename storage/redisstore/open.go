package redisstore

import (
	"errors"
	"net/url"
	"strconv"

	"github.com/redis/go-redis/v9"
)

// Open returns a storage in the Redis at a URL such as redis://USER:PASSWORD@HOST:6379/0, or rediss://
// for TLS. It does not connect yet. Close the storage when done.
//
// A Cluster is named by several of its servers: redis://HOST:6379?addr=HOST2:6379. What Sentinels watch is
// named by them and by its name: redis://SENTINEL:26379?master_name=NAME&addr=SENTINEL2:26379. The
// parameters prefix and replicas are those of [Config]; others are go-redis's, such as pool_size or
// read_timeout.
func Open(name string) (*Storage, error) {
	u, err := url.Parse(name)
	if err != nil {
		return nil, errURL
	}
	q := u.Query()
	c := Config{Prefix: q.Get("prefix"), Owned: true}
	if q.Has("replicas") {
		if c.Replicas, err = strconv.Atoi(q.Get("replicas")); err != nil {
			return nil, errURL
		}
	}
	q.Del("prefix")
	q.Del("replicas")
	u.RawQuery = q.Encode()
	client, err := connect(u.String(), q.Has("addr"), q.Has("master_name"))
	if err != nil {
		return nil, errURL
	}
	s, err := New(client, c)
	if err != nil {
		return nil, errors.Join(err, client.Close())
	}
	return s, nil
}

// errURL does not say what is wrong: it might be a part of the password.
var errURL = errors.New("redisstore: want a URL such as redis://USER:PASSWORD@HOST:6379/0, special characters of the password as %XX, with parameters that are known")

func connect(name string, cluster, sentinel bool) (redis.UniversalClient, error) {
	switch {
	case sentinel:
		o, err := redis.ParseFailoverURL(name)
		if err != nil {
			return nil, err
		}
		if o.RouteByLatency || o.RouteRandomly {
			return nil, errURL // NewFailoverClient would panic
		}
		o.ContextTimeoutEnabled = true
		return redis.NewFailoverClient(o), nil
	case cluster:
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
