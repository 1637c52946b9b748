package cache_test

import (
	"context"
	"fmt"

	"github.com/waltz-oauth/waltz/storage/cache"
	"github.com/waltz-oauth/waltz/storage/memstore"
	"github.com/waltz-oauth/waltz/token"
)

func Example() {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	store := memstore.New() // or any other
	s, err := cache.New(cache.Config{Next: store})
	if err != nil {
		fmt.Println(err)
		return
	}
	go s.Run(ctx)

	key := token.Key{Provider: "github", User: "1"}
	if err := s.Set(ctx, key, token.New(&token.Token{AccessToken: "fake-secret"})); err != nil {
		fmt.Println(err)
	}
	fmt.Println(s.Get(ctx, key))
	// Output: record(token(…), active, generation 0) <nil>
}

// A write that goes round the cache, such as one within the caller's own transaction, is followed by
// Drop once it is committed.
func ExampleStorage_Drop() {
	ctx := context.Background()
	store := memstore.New()
	s, err := cache.New(cache.Config{Next: store})
	if err != nil {
		fmt.Println(err)
		return
	}
	key := token.Key{Provider: "github", User: "1"}
	_, err = s.Get(ctx, key)
	fmt.Println(err)
	if err := store.Set(ctx, key, token.New(&token.Token{AccessToken: "fake-secret"})); err != nil {
		fmt.Println(err)
	}
	s.Drop(ctx, key)
	_, err = s.Get(ctx, key)
	fmt.Println(err)
	// Output:
	// token: get provider "github" user "1": no token
	// <nil>
}
