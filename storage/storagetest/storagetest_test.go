package storagetest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/waltz-oauth/waltz/storage/memstore"
	"github.com/waltz-oauth/waltz/token"
)

func TestEachPromiseCatchesTheStorageThatBreaksIt(t *testing.T) {
	t.Parallel()
	checks := checks()
	for _, b := range breakages() {
		t.Run(b.promise+"/"+b.how, func(t *testing.T) {
			t.Parallel()
			check, ok := checks[b.promise]
			if !ok {
				t.Fatal("there is no such promise")
			}
			if err := check(t.Context(), b.open()); err == nil {
				t.Error("the storage breaks it, and was not caught")
			}
		})
	}
}

func TestEachPromiseIsBrokenByAStorage(t *testing.T) {
	t.Parallel()
	broken := make(map[string]bool)
	for _, b := range breakages() {
		broken[b.promise] = true
	}
	for _, name := range slices.Sorted(maps.Keys(checks())) {
		if !broken[name] {
			t.Errorf("no storage shows that %q can fail", name)
		}
	}
}

func TestAStorageThatIsWholePassesWhereBrokenOnesFail(t *testing.T) {
	t.Parallel()
	Run(t, func(*testing.T) token.Storage { return &broken{Storage: memstore.New()} })
}

func TestAnHonestWrapperPasses(t *testing.T) {
	t.Parallel()
	Run(t, func(*testing.T) token.Storage {
		return &wrapper{broken{Storage: memstore.New()}, &threeMethods{next: memstore.New()}, true}
	})
}

func TestStoragesInOnePlaceDoNotDisturbEachOther(t *testing.T) {
	t.Parallel()
	s := memstore.New()
	for i := range 2 {
		t.Run(fmt.Sprint("suite ", i), func(t *testing.T) {
			t.Parallel()
			Run(t, func(*testing.T) token.Storage { return s })
		})
	}
}

func TestRunInHandsItsContextOn(t *testing.T) {
	t.Parallel()
	type request struct{}
	RunIn(t, func(t *testing.T) (context.Context, token.Storage) {
		session := memstore.New()
		return context.WithValue(t.Context(), request{}, session), &threeMethods{in: func(ctx context.Context) token.Storage {
			s, ok := ctx.Value(request{}).(*memstore.Storage)
			if !ok {
				t.Error("called outside the request")
				return session
			}
			return s
		}}
	})
}

// checks are all promises by name.
func checks() map[string]func(context.Context, token.Storage) error {
	all := make(map[string]func(context.Context, token.Storage) error)
	index(all, storagePromises())
	index(all, versionedPromises())
	index(all, listerPromises())
	return all
}

func index[S token.Storage](all map[string]func(context.Context, token.Storage) error, some []promise[S]) {
	for _, p := range some {
		if all[p.name] != nil {
			panic("two promises are called " + p.name)
		}
		all[p.name] = func(ctx context.Context, s token.Storage) error { return p.check(ctx, s.(S)) }
	}
}

// threeMethods is a storage that can do nothing more.
type threeMethods struct {
	next token.Storage
	in   func(context.Context) token.Storage
}

func (s *threeMethods) at(ctx context.Context) token.Storage {
	if s.in != nil {
		return s.in(ctx)
	}
	return s.next
}

func (s *threeMethods) Get(ctx context.Context, key token.Key) (token.Record, error) {
	return s.at(ctx).Get(ctx, key)
}

func (s *threeMethods) Set(ctx context.Context, key token.Key, r token.Record) error {
	return s.at(ctx).Set(ctx, key, r)
}

func (s *threeMethods) Delete(ctx context.Context, key token.Key) error {
	return s.at(ctx).Delete(ctx, key)
}
