package waltz

import (
	"errors"
	"fmt"
	"strings"

	"github.com/waltz-oauth/waltz/token"
)

// shareable returns why several processes cannot share s, or nil. It names the layer that is to
// blame: a cache or a seal can do what the storage below it can do, and no more.
func shareable(s token.Storage) error {
	all := layers(s)
	var blame []string
	for i, l := range all {
		if _, ok := l.(token.Versioned); !ok {
			blame = append(blame, name(all, i)+" has no Load and Swap (token.Versioned), without which two processes can spend one refresh token")
			break
		}
	}
	last := len(all) - 1
	switch token.Reaches(s) {
	case token.Host, token.Network:
	case token.Request:
		blame = append(blame, name(all, last)+" keeps each token in one browser's session")
	default:
		why := name(all, last) + " is seen by this process alone"
		if _, says := all[last].(interface{ Reach() token.Reach }); !says {
			why += ", for want of a method Reach that says otherwise"
		}
		blame = append(blame, why)
	}
	if len(blame) == 0 {
		return nil
	}
	return errors.New(strings.Join(blame, "; ") + "; what processes share is " +
		"filestore or SQLite on one machine, and sqlstore, gormstore, redisstore or natsstore on several")
}

// layers are s and what it is around, the innermost last.
func layers(s token.Storage) []token.Storage {
	all := []token.Storage{s}
	for {
		w, ok := s.(token.Wrapper)
		if !ok {
			return all
		}
		s = w.Unwrap()
		all = append(all, s)
	}
}

// name is what people call the layer i of all.
func name(all []token.Storage, i int) string {
	if i == 0 {
		return fmt.Sprintf("%T", all[0])
	}
	return fmt.Sprintf("%T (below %T)", all[i], all[i-1])
}
