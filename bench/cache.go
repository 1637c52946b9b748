package main

import (
	"context"

	"github.com/maypok86/otter/v2"

	"github.com/waltz-oauth/waltz/storage/cache"
	"github.com/waltz-oauth/waltz/storage/memstore"
	"github.com/waltz-oauth/waltz/token"
)

func cacheRow() row {
	return row{
		name: "Cached Get", limit: "a hit of otter by the same key", most: 1.25,
		sides: func(ctx context.Context, s *stage) ([]side, error) {
			key, record := benchKey(), token.New(benchToken())
			bare := otter.Must(&otter.Options[token.Key, *token.Record]{MaximumSize: 10_000})
			bare.Set(key, &record)
			cached, err := cache.New(cache.Config{Next: memstore.New()})
			if err != nil {
				return nil, err
			}
			background(ctx, s, cached.Run)
			if err := cached.Set(ctx, key, record); err != nil {
				return nil, err
			}
			return []side{
				{"by hand", func() error {
					if _, ok := bare.GetIfPresent(key); !ok {
						return token.ErrNotFound
					}
					return nil
				}},
				{"waltz", func() error { _, err := cached.Get(ctx, key); return err }},
			}, nil
		},
	}
}
