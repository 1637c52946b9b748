package storages

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"

	"github.com/waltz-oauth/waltz/storage/cache"
	"github.com/waltz-oauth/waltz/storage/cache/memcache"
	"github.com/waltz-oauth/waltz/storage/cache/rediscache"
	"github.com/waltz-oauth/waltz/token"
)

const caches = "?cache=memory, ?cache=redis://USER:PASSWORD@HOST or ?cache=memcached://HOST:PORT" //nolint:gosec // that is no password

// errCache says nothing of the value, which may have a password in it.
var errCache = errors.New("want one " + caches)

// uncached parts a URL from its parameter cache, which is not for the engine's driver; "": it has none.
func uncached(name string) (rest, kind string, err error) {
	rest, query, _ := strings.Cut(name, "?")
	var others, kinds []string
	for parameter := range strings.SplitSeq(query, "&") {
		if value, ok := strings.CutPrefix(parameter, "cache="); ok {
			kinds = append(kinds, value)
		} else {
			others = append(others, parameter)
		}
	}
	if len(kinds) == 0 {
		return name, "", nil
	}
	if len(others) > 0 {
		rest += "?" + strings.Join(others, "&")
	}
	kind, err = url.QueryUnescape(kinds[0])
	if err != nil || kind == "" || len(kinds) > 1 {
		return "", "", fmt.Errorf("storage %q: %w", Shown(name), errCache)
	}
	return rest, kind, nil
}

// cached opens rest with a cache of that kind in front, which runs until both are closed.
func cached(rest, kind string) (token.Storage, func() error, error) {
	c, closeCache, err := layer(kind)
	if err != nil {
		return nil, nil, fmt.Errorf("storage %q: %w", Shown(rest), err)
	}
	next, closeNext, err := open(rest)
	if err != nil {
		return nil, nil, errors.Join(err, closeCache())
	}
	closeBoth := func() error { return errors.Join(closeCache(), closeNext()) }
	c.Next = next
	s, err := cache.New(c)
	if err != nil {
		return nil, nil, errors.Join(err, closeBoth())
	}
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { s.Run(ctx) })
	return s, func() error {
		stop()
		running.Wait()
		return closeBoth()
	}, nil
}

// layer returns what is to be put over a storage, and what closes it. It connects to nothing: a cache
// that is down slows things and breaks nothing.
func layer(kind string) (c cache.Config, closeCache func() error, err error) {
	switch engine, servers, _ := strings.Cut(kind, "://"); {
	case kind == "memory":
		return c, func() error { return nil }, nil
	case engine == "redis" || engine == "rediss":
		r, err := rediscache.Open(kind)
		if err != nil {
			return c, nil, errCache
		}
		return cache.Config{Backend: r, Bus: r}, r.Close, nil
	case engine == "memcached":
		m, err := memcache.Open(strings.Split(servers, ",")...)
		if err != nil {
			return c, nil, errCache
		}
		return cache.Config{Backend: m}, m.Close, nil
	default:
		return c, nil, errCache
	}
}
