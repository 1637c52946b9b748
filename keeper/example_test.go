package keeper_test

import (
	"context"
	"fmt"
	"time"

	"github.com/waltz-oauth/waltz/keeper"
	"github.com/waltz-oauth/waltz/storage/memstore"
	"github.com/waltz-oauth/waltz/token"
)

// clerk is a provider that refreshes whatever it is handed.
type clerk struct{}

func (clerk) Refresh(context.Context, token.Key, *token.Token) (*token.Token, error) {
	return &token.Token{AccessToken: "fake-second", Expiry: time.Now().Add(time.Hour)}, nil
}

func (clerk) Revoke(context.Context, token.Key, *token.Token) error { return nil }

// A token that has expired is refreshed before it is handed out, and stored.
func ExampleKeeper_Fresh() {
	k, err := keeper.New(keeper.Config{Storage: memstore.New(), Refresher: clerk{}})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	key := token.Key{Provider: "example", User: "7"}
	expired := &token.Token{AccessToken: "fake-first", RefreshToken: "fake-refresh", Expiry: time.Now().Add(-time.Minute)}
	if _, err := k.Put(ctx, key, expired, ""); err != nil {
		fmt.Println(err)
		return
	}
	r, err := k.Fresh(ctx, key)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(r.Token.AccessToken, "is refresh", r.Generation)
	// Output: fake-second is refresh 1
}
