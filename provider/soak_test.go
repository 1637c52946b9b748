//go:build soak

package provider_test

import (
	"net/http"
	"strings"
	"testing"
)

// TestSoakManyScopes refreshes a token of so many scopes that it would take minutes where each is
// looked for among all others.
func TestSoakManyScopes(t *testing.T) {
	t.Parallel()
	const n = 1<<19 - 100
	c, _ := serve(t, says(http.StatusOK, `{"access_token":"fake","scope":"`+strings.Repeat("t ", n)+`"}`))
	next, err := c.Refresh(t.Context(), stored(t, `,"scope":"`+strings.Repeat("s ", n)+`"`))
	if err != nil || len(next.Scopes) != 0 {
		t.Errorf("%d scopes that were not granted, %v", len(next.Scopes), err)
	}
}
