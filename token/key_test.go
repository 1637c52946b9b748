package token_test

import (
	"slices"
	"testing"

	"github.com/waltz-oauth/waltz/token"
)

func TestKeysAreOrderedFieldByField(t *testing.T) {
	t.Parallel()
	ordered := []token.Key{
		{},
		{Account: "z"},
		{Provider: "A", User: "b"},
		{Provider: "a"},
		{Provider: "a", User: "A"},
		{Provider: "a", User: "a"},
		{Provider: "a", User: "a", Account: "\x00"},
		{Provider: "a", User: "a", Account: "b"},
		{Provider: "a", User: "a\x00"},
		{Provider: "a", User: "\xff"},
		{Provider: "aa"},
	}
	for i, k := range ordered {
		for j, o := range ordered {
			if got, want := k.Compare(o), min(max(i-j, -1), 1); got != want {
				t.Errorf("%s compared with %s: got %d, want %d", k, o, got, want)
			}
		}
	}
	if !slices.IsSortedFunc(ordered, token.Key.Compare) {
		t.Error("Compare does not sort")
	}
}
