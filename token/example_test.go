package token_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/waltz-oauth/waltz/storage/storagetest"
	"github.com/waltz-oauth/waltz/token"
)

func ExampleToken() {
	answer := `{"access_token": "fake-secret-of-some-length", "token_type": "bearer", "team": {"id": "T1"}, "expires_at": 1714982950}`
	var t token.Token
	if err := json.Unmarshal([]byte(answer), &t); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(t)
	team, _ := t.Extra("team")
	fmt.Println(string(team), t.Expiry)
	// Output:
	// token("bearer" …"ngth", expires 2024-05-06T08:09:10Z)
	// {"id":"T1"} 2024-05-06 08:09:10 +0000 UTC
}

// Map keeps records in memory. Three methods make a storage, and a record is JSON to it.
type Map struct{ m sync.Map }

func (s *Map) Get(ctx context.Context, key token.Key) (token.Record, error) {
	var r token.Record
	err := ctx.Err()
	if err == nil {
		if stored, ok := s.m.Load(key); ok {
			err = r.UnmarshalJSON(stored.([]byte))
		} else {
			err = token.ErrNotFound
		}
	}
	if err != nil {
		return token.Record{}, &token.Error{Op: "get", Key: key, Err: err}
	}
	return r, nil
}

func (s *Map) Set(ctx context.Context, key token.Key, r token.Record) error {
	b, err := r.MarshalJSON()
	if err := cmp.Or(err, ctx.Err()); err != nil {
		return &token.Error{Op: "set", Key: key, Err: err}
	}
	s.m.Store(key, b)
	return nil
}

func (s *Map) Delete(ctx context.Context, key token.Key) error {
	if err := ctx.Err(); err != nil {
		return &token.Error{Op: "delete", Key: key, Err: err}
	}
	s.m.Delete(key)
	return nil
}

func TestTheStorageOfTheExampleIsRight(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(*testing.T) token.Storage { return &Map{} })
}

func ExampleStorage() {
	ctx := context.Background()
	var s token.Storage = &Map{}
	key := token.Key{Provider: "github", User: "1"}
	_, err := s.Get(ctx, key)
	fmt.Println(errors.Is(err, token.ErrNotFound), err)
	if err := s.Set(ctx, key, token.New(&token.Token{AccessToken: "fake-secret"})); err != nil {
		fmt.Println(err)
	}
	r, err := s.Get(ctx, key)
	fmt.Println(r, err)
	// Output:
	// true token: get provider "github" user "1": no token
	// record(token(…), active, generation 0) <nil>
}

func ExampleAs() {
	if _, ok := token.As[token.Versioned](&Map{}); !ok {
		fmt.Println("safe within one process only")
	}
	// Output: safe within one process only
}
