package seal_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/waltz-oauth/waltz/storage/memstore"
	"github.com/waltz-oauth/waltz/storage/seal"
	"github.com/waltz-oauth/waltz/token"
)

const canary = "fake-canary-3f9a6c"

// glass shows all that goes into a storage.
type glass struct {
	*memstore.Storage
	mu   sync.Mutex
	seen strings.Builder
}

func (g *glass) see(key token.Key, r token.Record) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	b, err := r.MarshalJSON()
	fmt.Fprintf(&g.seen, "%v %s %#v\n", key, b, r)
	return err
}

func (g *glass) Set(ctx context.Context, key token.Key, r token.Record) error {
	return errors.Join(g.see(key, r), g.Storage.Set(ctx, key, r))
}

func (g *glass) Swap(ctx context.Context, key token.Key, old token.Version, r token.Record) (token.Version, error) {
	if err := g.see(key, r); err != nil {
		return "", err
	}
	return g.Storage.Swap(ctx, key, old, r)
}

func TestTokenIsNowhereInTheClear(t *testing.T) {
	t.Parallel()
	var shown strings.Builder
	show := func(values ...any) {
		for _, v := range values {
			fmt.Fprintf(&shown, "%v %+v %#v %s %q\n", v, v, v, v, v)
		}
	}
	logger := slog.New(slog.NewTextHandler(&shown, &slog.HandlerOptions{Level: slog.LevelDebug}))
	inner, keys := &glass{Storage: memstore.New()}, newRing(t, 1)
	s := sealed(t, seal.Config{Next: inner, Keys: keys, Logger: logger})

	var tok token.Token
	must(t, json.Unmarshal([]byte(`{"access_token":"`+canary+`-a","refresh_token":"`+canary+`-r","id_token":"`+canary+`-i","x":["`+canary+`-x"]}`), &tok))
	r := token.New(&tok)
	put(t, s, alice, r)
	loaded, err := s.Load(t.Context(), alice)
	must(t, err)
	_, err = s.Swap(t.Context(), alice, loaded.Version, loaded)
	must(t, err)
	keys.promote(t, keys.add(t))
	s = sealed(t, seal.Config{Next: inner, Keys: keys, Logger: logger})
	report, err := s.Rotate(t.Context(), func(r seal.Report) { show(r) })
	must(t, err)
	usage, err := s.Usage(t.Context())
	must(t, err)
	show(report, usage)

	_, err = s.Swap(t.Context(), alice, "other", loaded)
	show(err)
	done, cancel := context.WithCancel(t.Context())
	cancel()
	show(s.Set(done, alice, r))

	below := get(t, inner.Storage, alice)
	moved := token.Key{Provider: "github", User: "mallory"}
	must(t, inner.Storage.Set(t.Context(), moved, below))
	_, err = s.Get(t.Context(), moved)
	show(err)
	must(t, inner.Storage.Set(t.Context(), moved, r)) // in the clear
	_, err = s.Get(t.Context(), moved)
	show(err)
	_, err = s.Rotate(t.Context(), nil)
	show(err, s)
	broken := r
	broken.Token = &token.Token{AccessToken: canary + "\xff"}
	show(s.Set(t.Context(), alice, broken))

	if strings.Contains(shown.String(), canary) {
		t.Error("an error, a log line or a value that was printed shows the token")
	}
	if strings.Contains(inner.seen.String(), canary) {
		t.Error("the storage below was shown the token")
	}
	if n := strings.Count(inner.seen.String(), `"sealed":`); n < 3 {
		t.Errorf("the storage below saw %d sealed tokens", n)
	}
}
