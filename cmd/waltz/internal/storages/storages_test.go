package storages_test

import (
	"crypto/rand"
	"errors"
	"strings"
	"testing"

	"github.com/waltz-oauth/waltz/cmd/waltz/internal/storages"
	"github.com/waltz-oauth/waltz/internal/enginetest"
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
	} {
		if got := storages.Shown(url); got != want || strings.Contains(got, "fake-secret") {
			t.Errorf("%q is shown as %q, want %q", url, got, want)
		}
	}
}
