package history

import (
	"bytes"
	"context"
	"crypto/rand"
	"strconv"
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
		want    string
	}{
		"none":                           {memstore.New(), ""},
		"a swap of two steps":            {twoSteps{memstore.New()}, disorders},
		"a swap that says it did not":    {modest{memstore.New()}, disorders},
		"a load that is old":             {&old{Versioned: memstore.New(), seen: make(map[token.Key]token.Record)}, disorders},
		"a set that comes to nothing":    {forgetful{memstore.New()}, disorders},
		"a set that refuses":             {refusing{memstore.New()}, disorders},
		"a deletion that is not heard":   {undying{memstore.New()}, disorders},
		"a version that comes again":     {versionless{memstore.New()}, recurs},
		"versions that start again at 1": {&counting{}, recurs},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if wrong := judge(recorded(t, tt.storage)); wrong != tt.want {
				t.Errorf("the judge says %q, want %q", wrong, tt.want)
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

// modest is a client that sends a swap again when it has no answer.
type modest struct{ token.Versioned }

func (s modest) Swap(ctx context.Context, key token.Key, old token.Version, r token.Record) (token.Version, error) {
	v, err := s.Versioned.Swap(ctx, key, old, r)
	if err == nil && rand.Text()[0] < 'D' {
		return s.Versioned.Swap(ctx, key, old, r)
	}
	return v, err
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

type refusing struct{ token.Versioned }

func (s refusing) Set(ctx context.Context, key token.Key, r token.Record) error {
	if rand.Text()[0] < 'D' {
		return token.ErrConflict
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

// counting keeps one record, and counts how often it was written since it was made.
type counting struct {
	mu     sync.Mutex
	n      int // 0: there is none
	record token.Record
}

func (s *counting) Get(ctx context.Context, key token.Key) (token.Record, error) {
	return s.Load(ctx, key)
}

func (s *counting) Load(context.Context, token.Key) (token.Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.n == 0 {
		return token.Record{}, token.ErrNotFound
	}
	return s.record, nil
}

func (s *counting) Set(_ context.Context, _ token.Key, r token.Record) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.write(r)
	return nil
}

func (s *counting) write(r token.Record) {
	s.n++
	s.record = r
	s.record.Version = token.Version(strconv.Itoa(s.n))
}

func (s *counting) Swap(_ context.Context, _ token.Key, old token.Version, r token.Record) (token.Version, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.n == 0 || s.record.Version != old {
		return "", token.ErrConflict
	}
	s.write(r)
	return s.record.Version, nil
}

func (s *counting) Delete(context.Context, token.Key) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.n = 0
	return nil
}
