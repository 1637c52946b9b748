package waltz_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/waltz-oauth/waltz"
	"github.com/waltz-oauth/waltz/storage/cache"
	"github.com/waltz-oauth/waltz/storage/filestore"
	"github.com/waltz-oauth/waltz/storage/memstore"
	"github.com/waltz-oauth/waltz/storage/seal"
	"github.com/waltz-oauth/waltz/storage/sessionstore"
	"github.com/waltz-oauth/waltz/storage/sqlstore/sqlite"
	"github.com/waltz-oauth/waltz/token"
	"github.com/waltz-oauth/waltz/waltztest"
)

// three is a storage of somebody's own, with no more than it needs.
type three struct{ s token.Storage }

func (t three) Get(ctx context.Context, key token.Key) (token.Record, error) {
	return t.s.Get(ctx, key)
}

func (t three) Set(ctx context.Context, key token.Key, r token.Record) error {
	return t.s.Set(ctx, key, r)
}

func (t three) Delete(ctx context.Context, key token.Key) error { return t.s.Delete(ctx, key) }

// far is one that every machine sees.
type far struct{ three }

func (far) Reach() token.Reach { return token.Network }

// versioned is one that says nothing of who sees it.
type versioned struct{ three }

func (v versioned) Load(ctx context.Context, key token.Key) (token.Record, error) {
	return v.s.(token.Versioned).Load(ctx, key)
}

func (v versioned) Swap(ctx context.Context, key token.Key, old token.Version, r token.Record) (token.Version, error) {
	return v.s.(token.Versioned).Swap(ctx, key, old, r)
}

// plainly is a wrapper that has not kept what it is around.
type plainly struct{ three }

func (p plainly) Unwrap() token.Storage { return p.s }

func TestClusterRefusesWhatCannotBeShared(t *testing.T) {
	t.Parallel()
	const (
		swapless = " has no Load and Swap (token.Versioned), without which two processes can spend one refresh token"
		alone    = " is seen by this process alone"
		silent   = alone + ", for want of a method Reach that says otherwise"
		session  = "*sessionstore.Storage" + swapless + "; *sessionstore.Storage keeps each token in one browser's session"
	)
	files, err := filestore.New(t.TempDir() + "/tokens")
	if err != nil {
		t.Fatal(err)
	}
	table, err := sqlite.Open(t.TempDir() + "/tokens.db")
	if err != nil {
		t.Fatal(err)
	}
	cookies, err := sessionstore.New(sessionstore.Config{Secrets: []string{fakeSecret}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = files.Close()
		_ = table.Close()
	})
	for name, tt := range map[string]struct {
		s    token.Storage
		want string // what is wrong with it; "": nothing
	}{
		"file":                      {files, ""},
		"sqlite":                    {table, ""},
		"cache over sqlite":         {cached(t, table), ""},
		"seal over file":            {sealed(t, files), ""},
		"cache over seal over file": {cached(t, sealed(t, files)), ""},
		"none, so the session":      {nil, session},
		"session":                   {cookies, session},
		"seal over session": {sealed(t, cookies), "*sessionstore.Storage (below *seal.Storage)" + swapless +
			"; *sessionstore.Storage (below *seal.Storage) keeps each token in one browser's session"},
		"memory":                    {memstore.New(), "*memstore.Storage" + alone},
		"nothing kept":              {memstore.Null{}, "memstore.Null" + swapless + "; memstore.Null" + silent},
		"cache over memory":         {cached(t, memstore.New()), "*memstore.Storage (below *cache.Storage)" + alone},
		"cache over seal of memory": {cached(t, sealed(t, memstore.New())), "*memstore.Storage (below *seal.Storage)" + alone},
		"three methods":             {three{table}, "waltz_test.three" + swapless + "; waltz_test.three" + silent},
		"three methods, far":        {far{three{table}}, "waltz_test.far" + swapless},
		"five methods, no reach":    {versioned{three{table}}, "waltz_test.versioned" + silent},
		"cache over three, far":     {cached(t, far{three{table}}), "waltz_test.far (below *cache.Storage)" + swapless},
		"wrapper of three":          {plainly{three{table}}, "waltz_test.plainly" + swapless},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := waltz.New(waltz.Config{Secret: fakeSecret, Storage: tt.s, User: currentUser, Cluster: true})
			if tt.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			const advice = "; what processes share is filestore or SQLite on one machine, and sqlstore, gormstore, redisstore or natsstore on several"
			if want := "waltz: Config.Cluster: " + tt.want + advice; err == nil || err.Error() != want {
				t.Errorf("got %v, want %s", err, want)
			}
		})
	}
}

func cached(t *testing.T, next token.Storage) token.Storage {
	t.Helper()
	s, err := cache.New(cache.Config{Next: next})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func sealed(t *testing.T, next token.Storage) token.Storage {
	t.Helper()
	s, err := seal.New(t.Context(), seal.Config{Next: next, AEAD: open{}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// open is a cipher that hides nothing.
type open struct{}

func (open) EncryptWithContext(_ context.Context, plain, _ []byte) ([]byte, error) {
	return plain, nil
}

func (open) DecryptWithContext(_ context.Context, sealed, _ []byte) ([]byte, error) {
	return sealed, nil
}

// sent is a way to the provider that looks on.
type sent func(*http.Request)

func (s sent) RoundTrip(r *http.Request) (*http.Response, error) {
	s(r)
	return http.DefaultTransport.RoundTrip(r)
}

func TestLeaseIsAsConfigured(t *testing.T) {
	t.Parallel()
	s := memstore.New()
	key := token.Key{Provider: "test"}
	var left time.Duration
	w := newWorld(t, waltz.Config{
		Storage: s, Lease: 7 * time.Hour,
		HTTPClient: &http.Client{Transport: sent(func(*http.Request) {
			if r, err := s.Load(t.Context(), key); err == nil {
				left = r.Lease.Until.Sub(r.Now)
			}
		})},
	}, waltz.Registration{})
	expired, err := w.provider.Grant("1001")
	if err != nil {
		t.Fatal(err)
	}
	expired.Expiry = time.Now().Add(-time.Second)
	if err := w.consumer.Save(t.Context(), expired); err != nil {
		t.Fatal(err)
	}
	if _, err := w.consumer.Token(t.Context()); err != nil {
		t.Fatal(err)
	}
	if left < 6*time.Hour || left > 7*time.Hour {
		t.Errorf("while the provider was asked the lease had %v left", left)
	}
}

func TestGrantsThatEndUnusedAreDueSooner(t *testing.T) {
	t.Parallel()
	provided := waltztest.New(t, waltztest.Config{}).Provider()
	provided.RefreshIdle = 2 * time.Hour
	w := newWorld(t, waltz.Config{Storage: memstore.New()}, waltz.Registration{Provider: provided})
	lasts := &token.Token{AccessToken: "fake-access", RefreshToken: "fake-refresh", Expiry: time.Now().Add(24 * time.Hour)}
	began := time.Now().Truncate(time.Microsecond)
	if err := w.consumer.Save(t.Context(), lasts); err != nil {
		t.Fatal(err)
	}
	r, err := w.consumer.Record(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if at := r.RefreshAt; at.Before(began.Add(time.Hour)) || at.After(time.Now().Add(90*time.Minute)) {
		t.Errorf("due %v after it came, want after one hour to one and a half", at.Sub(began))
	}
}
