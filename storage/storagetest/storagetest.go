// Package storagetest says whether a storage keeps the promises of package token. It is for those
// who write one:
//
//	func TestStorage(t *testing.T) {
//		storagetest.Run(t, func(t *testing.T) token.Storage { return mystore.New(t.TempDir()) })
//	}
//
// A storage that has only the three methods of [token.Storage] gets the part that applies to it;
// one that is also a [token.Versioned] or a [token.Lister], as [token.As] has it, gets those parts
// too. So do wrappers, over whatever they wrap.
package storagetest

import (
	"context"
	"testing"

	"github.com/waltz-oauth/waltz/token"
)

// Run checks each promise in a subtest of its own; a failure prints the promise. open is called
// once for each of them, and once before them to ask what the storage can do. It may return the
// same storage each time, and the storage may hold other records, which are left alone: the suite
// uses providers with names that it makes up. It leaves some of its own records behind.
//
// A storage may refuse a key or a token that it could not give back exactly, with
// [token.ErrKey] or [token.ErrTooLarge], but not an ordinary one: an ordinary name is made of
// letters and digits, an ordinary token has up to 1 kB.
func Run(t *testing.T, open func(t *testing.T) token.Storage) {
	t.Helper()
	RunIn(t, func(t *testing.T) (context.Context, token.Storage) {
		return t.Context(), open(t)
	})
}

// RunIn is [Run] for a storage that lives in something that its context carries, such as a request
// and its session: every call gets the context that open returned, or one derived from it.
func RunIn(t *testing.T, open func(t *testing.T) (context.Context, token.Storage)) {
	t.Helper()
	_, s := open(t)
	run(t, open, storagePromises())
	if _, ok := token.As[token.Versioned](s); ok {
		run(t, open, versionedPromises())
	}
	if _, ok := token.As[token.Lister](s); ok {
		run(t, open, listerPromises())
	}
}

// promise is one thing that a storage of type S promises.
type promise[S token.Storage] struct {
	name  string
	says  string
	check func(ctx context.Context, s S) error
}

func run[S token.Storage](t *testing.T, open func(*testing.T) (context.Context, token.Storage), all []promise[S]) {
	for _, p := range all {
		t.Run(p.name, func(t *testing.T) {
			ctx, s := open(t)
			as, ok := token.As[S](s)
			if !ok {
				t.Fatalf("open returned a %T that cannot do what an earlier one could", s)
			}
			if err := p.check(ctx, as); err != nil {
				t.Errorf("%v\nThe promise: %s", err, p.says)
			}
		})
	}
}
