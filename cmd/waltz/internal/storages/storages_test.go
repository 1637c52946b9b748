package storages_test

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/waltz-oauth/waltz/cmd/waltz/internal/storages"
	"github.com/waltz-oauth/waltz/internal/enginetest"
	"github.com/waltz-oauth/waltz/storage/natsstore"
	"github.com/waltz-oauth/waltz/storage/sqlstore"
	"github.com/waltz-oauth/waltz/token"
)

func TestServersAreOpenedOnceTheyAreMigrated(t *testing.T) {
	t.Parallel()
	for name, empty := range map[string]func(testing.TB) string{"postgres": enginetest.Postgres, "mysql": enginetest.MySQL} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := empty(t)
			if _, _, err := storages.Open(url); !errors.Is(err, sqlstore.ErrNoSchema) {
				t.Errorf("got error %v", err)
			}
			dialect, open, err := storages.Database(url)
			if err != nil {
				t.Fatal(err)
			}
			db, err := open()
			if err != nil {
				t.Fatal(err)
			}
			s, err := sqlstore.New(db, sqlstore.Config{Dialect: dialect, Owned: true})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if err := s.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			opened, closeStorage, err := storages.Open(url)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := opened.Get(t.Context(), token.Key{Provider: "github"}); !errors.Is(err, token.ErrNotFound) {
				t.Errorf("got error %v", err)
			}
			if err := closeStorage(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestRedisIsOpened(t *testing.T) {
	t.Parallel()
	s, closeStorage, err := storages.Open("redis://" + enginetest.Redis(t))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Get(t.Context(), token.Key{Provider: rand.Text()}); !errors.Is(err, token.ErrNotFound) {
		t.Errorf("got error %v", err)
	}
	if err := closeStorage(); err != nil {
		t.Error(err)
	}
	if _, _, err := storages.Open("redis://:fake-secret@host:port"); err == nil || strings.Contains(err.Error(), "fake-secret") {
		t.Error("what is no URL was taken, or its password is in the error")
	}
}

func TestShownHasNoPassword(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"memory:":         "memory:",
		"sqlite:a b.db":   "sqlite:a b.db",
		"sqlite:/a//b.db": "sqlite:/a//b.db",
		"nonsense":        "nonsense",
		"postgres://app:fake-secret@db/app?password=fake-secret": "postgres://app:xxxxx@db/app",
		"mysql://app@db:3307/app":                                "mysql://app@db:3307/app",
		"mysql://app:fake-secret/x@db/app":                       "mysql://…",
		"redis://:fake-secret@db":                                "redis://:xxxxx@db",
		"sqlite:a.db?cache=redis://:fake-secret@db":              "sqlite:a.db",
	} {
		if got := storages.Shown(url); got != want || strings.Contains(got, "fake-secret") {
			t.Errorf("%q is shown as %q, want %q", url, got, want)
		}
	}
}

func TestBucketIsOpenedOnceItIsMade(t *testing.T) {
	t.Parallel()
	url := "nats://" + enginetest.NATS(t) + "/waltz_test_" + rand.Text()
	if !storages.IsBucket(url) || storages.IsBucket("redis://host") {
		t.Error("what is a bucket is not known")
	}
	if _, _, err := storages.Open(url); !errors.Is(err, natsstore.ErrNoBucket) {
		t.Errorf("got error %v", err)
	}
	for range 2 {
		if err := storages.MakeBucket(t.Context(), url, 1); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		nc, bucket, err := natsstore.Connect(url)
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
		js, err := jetstream.New(nc)
		if err == nil {
			err = js.DeleteKeyValue(context.Background(), bucket)
		}
		if err != nil {
			t.Error(err)
		}
	})
	s, closeStorage, err := storages.Open(url)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Get(t.Context(), token.Key{Provider: "github"}); !errors.Is(err, token.ErrNotFound) {
		t.Errorf("got error %v", err)
	}
	if err := closeStorage(); err != nil {
		t.Error(err)
	}
}
