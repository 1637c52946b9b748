package memstore_test

import (
	"errors"
	"testing"

	"github.com/waltz-oauth/waltz/storage/memstore"
	"github.com/waltz-oauth/waltz/storage/storagetest"
	"github.com/waltz-oauth/waltz/token"
)

func TestStorageKeepsItsPromises(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(*testing.T) token.Storage { return memstore.New() })
}

func TestStorageReachesThisProcess(t *testing.T) {
	t.Parallel()
	if got := token.Reaches(memstore.New()); got != token.Process {
		t.Errorf("got %s, want %s", got, token.Process)
	}
}

func TestNullKeepsNothing(t *testing.T) {
	t.Parallel()
	var s memstore.Null
	key := token.Key{Provider: "github", User: "alice"}
	if err := s.Set(t.Context(), key, token.New(&token.Token{AccessToken: "fake"})); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Get(t.Context(), key); !errors.Is(err, token.ErrNotFound) {
		t.Errorf("got error %v, want token.ErrNotFound", err)
	}
	if err := s.Delete(t.Context(), key); err != nil {
		t.Error(err)
	}
}
