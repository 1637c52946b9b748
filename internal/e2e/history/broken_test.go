package history

import (
	"bytes"
	"context"
	"crypto/rand"
	"sync"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz/storage/memstore"
	"github.com/waltz-oauth/waltz/token"
)

// TestStoragesBrokenOnPurposeAreCaught sees that the judge is not blind.
func TestStoragesBrokenOnPurposeAreCaught(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		storage token.Versioned
		broken  bool
	}{
		"none":                         {memstore.New(), false},
		"a swap of two steps":          {twoSteps{memstore.New()}, true},
		"a load that is old":           {&old{Versioned: memstore.New(), seen: make(map[token.Key]token.Record)}, true},
		"a set that comes to nothing":  {forgetful{memstore.New()}, true},
		"a version that comes again":   {versionless{memstore.New()}, true},
		"a deletion that is not heard": {undying{memstore.New()}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wrong := judge(t, recorded(t, tt.storage))
			t.Log(wrong)
			if (wrong != "") != tt.broken {
				t.Errorf("broken is %t, and the judge says %q", tt.broken, wrong)
			}
		})
	}
}

// recorded is what four writers see of one key.
func recorded(t *testing.T, s token.Versioned) (all []event) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	var together sync.WaitGroup
	logs := make([]bytes.Buffer, 4)
	for i := range logs {
		together.Go(func() {
			w := &writer{s: s, keys: 1, log: &logs[i]}
			if err := w.run(ctx, time.Millisecond); err != nil {
				t.Error(err)
			}
		})
	}
	together.Wait()
	for i := range logs {
		all = append(all, read(&logs[i])...)
	}
	return all
}

type twoSteps struct{ token.Versioned }

func (s twoSteps) Swap(ctx context.Context, key token.Key, old token.Version, r token.Record) (token.Version, error) {
	stored, err := s.Load(ctx, key)
	if err != nil || stored.Version != old {
		return "", token.ErrConflict
	}
	time.Sleep(time.Millisecond)
	if err := s.Set(ctx, key, r); err != nil {
		return "", err
	}
	stored, err = s.Load(ctx, key)
	return stored.Version, err
}

type old struct {
	token.Versioned
	mu   sync.Mutex
	seen map[token.Key]token.Record
}

func (s *old) Load(ctx context.Context, key token.Key) (token.Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.Versioned.Load(ctx, key)
	before, ok := s.seen[key]
	if err == nil {
		s.seen[key] = r
	}
	if ok {
		return before, nil
	}
	return r, err
}

type forgetful struct{ token.Versioned }

func (s forgetful) Set(ctx context.Context, key token.Key, r token.Record) error {
	if rand.Text()[0] < 'D' {
		return nil
	}
	return s.Versioned.Set(ctx, key, r)
}

type versionless struct{ token.Versioned }

func (s versionless) Load(ctx context.Context, key token.Key) (token.Record, error) {
	r, err := s.Versioned.Load(ctx, key)
	r.Version = "1"
	return r, err
}

type undying struct{ token.Versioned }

func (s undying) Delete(context.Context, token.Key) error { return nil }
