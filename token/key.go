package token

import (
	"cmp"
	"fmt"
	"strings"
)

// Key says whose token it is. Keys are equal when their fields are, byte for byte.
type Key struct {
	Provider string // the consumer's name: "github"
	User     string // the application's own user id; "": the site's own, which a keeper refuses unless told
	Account  string // which of the user's accounts at the provider; "" where one is kept
}

// String returns the key for people to read, quoted so that nothing in it can pass for more of a
// log line, and cut where a field is very long. It is no encoding: two keys may read the same.
func (k Key) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "provider %s", short(k.Provider))
	if k.User != "" {
		fmt.Fprintf(&b, " user %s", short(k.User))
	}
	if k.Account != "" {
		fmt.Fprintf(&b, " account %s", short(k.Account))
	}
	return b.String()
}

// Compare returns -1, 0 or +1 as k comes before o, is o, or comes after it, in the order of
// [Lister]: by provider, then user, then account, each byte by byte.
func (k Key) Compare(o Key) int {
	return cmp.Or(
		strings.Compare(k.Provider, o.Provider),
		strings.Compare(k.User, o.User),
		strings.Compare(k.Account, o.Account),
	)
}

func short(s string) string {
	const most = 100
	if len(s) <= most {
		return fmt.Sprintf("%q", s)
	}
	return fmt.Sprintf("%q…", s[:most])
}
