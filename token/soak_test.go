//go:build soak

package token_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/waltz-oauth/waltz/internal/breaktest"
	"github.com/waltz-oauth/waltz/token"
)

// TestSoakManyMembers merges tokens of so many members that it would take minutes where each is looked
// for among all others. A provider may send a megabyte.
func TestSoakManyMembers(t *testing.T) {
	t.Parallel()
	of := func(prefix string) *token.Token {
		var b strings.Builder
		b.WriteString(`{"access_token":"a"`)
		for i := range 400_000 {
			fmt.Fprintf(&b, `,"%s%d":1`, prefix, i)
		}
		return read(t, b.String()+"}")
	}
	merged, err := of("a").Merge(of("b"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a0", "a399999", "b0", "b399999"} {
		if _, there := merged.Extra(name); !there {
			t.Errorf("%s is lost", name)
		}
	}
}

func TestSoakBreaks(t *testing.T) {
	breaktest.Run(t, ".", []breaktest.Break{{
		Name: "members are compared by sets", File: "token.go",
		Old: "gone := m.name", New: "gone := slices.ContainsFunc(answer, func(a member) bool { return a.name == m.name }) || m.name",
		Test: "TestSoakManyMembers",
	}})
}
