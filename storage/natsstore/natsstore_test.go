package natsstore_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/waltz-oauth/waltz/internal/enginetest"
	"github.com/waltz-oauth/waltz/storage/natsstore"
	"github.com/waltz-oauth/waltz/storage/storagetest"
	"github.com/waltz-oauth/waltz/token"
)

func TestStorageKeepsItsPromises(t *testing.T) {
	t.Parallel()
	s := open(t, empty(t))
	storagetest.Run(t, func(*testing.T) token.Storage { return s })
	if token.Reaches(s) != token.Network {
		t.Errorf("reaches %s, want %s", token.Reaches(s), token.Network)
	}
}

func TestWrongURLShowsNoPassword(t *testing.T) {
	t.Parallel()
	const secret = "fake-secret"
	for _, url := range []string{
		"",
		"nats:",
		"nats://host",
		"nats://host/",
		"http://u:" + secret + "@host/bucket",
		"nats://u:" + secret + "@host",
		"nats://u:" + secret + "%zz@host/bucket",
		"nats://u:" + secret + "/@host/bucket",
		"nats://host,u:" + secret + "%zz@host/bucket",
		"nats://u:" + secret + "@127.0.0.1:1/bucket",
	} {
		s, err := natsstore.Open(url)
		if err == nil {
			_ = s.Close()
			t.Errorf("%q was taken", url)
		} else if strings.Contains(err.Error(), secret) {
			t.Error("the error has the password:", strings.ReplaceAll(err.Error(), secret, "[password]"))
		}
	}
}

// What a connection keeps while it is down it sends when it is up again, be it an hour later.
func TestConnectionThatSendsLateIsRefused(t *testing.T) {
	t.Parallel()
	url := empty(t)
	server, bucket := url[:strings.LastIndex(url, "/")], url[strings.LastIndex(url, "/")+1:]
	nc, err := nats.Connect(server)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	if _, err := natsstore.New(t.Context(), jetStream(t, nc), bucket); err == nil || !strings.Contains(err.Error(), "ReconnectBufSize(-1)") {
		t.Errorf("got error %v", err)
	}
}

func TestFailedWriteIsNotMadeLater(t *testing.T) {
	t.Parallel()
	server := enginetest.StartNATS(t)
	url := server.URL + "/waltz"
	create(t, url)
	s := open(t, url)
	remove(t, s, alice())
	server.Kill()
	for range 3 { // at first the connection may not know
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if err := s.Set(ctx, alice(), record("a")); err == nil {
			t.Error("something was stored on a server that is down")
		}
	}
	server.Start(t)
	eventually(t, "it has the server again", func() bool {
		_, err := s.Get(t.Context(), token.Key{Provider: "github", User: "nobody"})
		return errors.Is(err, token.ErrNotFound)
	})
	if _, err := s.Load(t.Context(), alice()); !errors.Is(err, token.ErrNotFound) {
		t.Errorf("what could not be stored is there: error %v", err)
	}
}

func TestJetStreamOfAnotherDomainIsRefused(t *testing.T) {
	t.Parallel()
	nc, bucket, err := natsstore.Connect(empty(t))
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	js, err := jetstream.NewWithDomain(nc, "hub")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := natsstore.New(t.Context(), js, bucket); err == nil || !strings.Contains(err.Error(), "domain") {
		t.Errorf("got error %v", err)
	}
}

// Revisions begin at 1 again then, and the server compares nothing else.
func TestVersionOfABucketThatWasMadeAnewConflicts(t *testing.T) {
	t.Parallel()
	url := empty(t)
	js, bucket := connect(t, url)
	s := open(t, url)
	set(t, s, alice(), record("a"))
	old := load(t, s, alice())
	if err := js.DeleteKeyValue(t.Context(), bucket); err != nil {
		t.Fatal(err)
	}
	create(t, url)
	set(t, s, alice(), record("b"))
	if _, err := s.Swap(t.Context(), alice(), old.Version, record("c")); !errors.Is(err, token.ErrConflict) {
		t.Errorf("got error %v, want token.ErrConflict", err)
	}
	if got := load(t, s, alice()); got.Token.AccessToken != "fake-b" {
		t.Errorf("got %s", got.Token.AccessToken)
	}
}

// A writer that comes between the read and the write of a Swap makes it conflict.
func TestEveryRevisionIsSwappedOnce(t *testing.T) {
	t.Parallel()
	url := empty(t)
	s := open(t, url)
	set(t, s, alice(), record("a"))
	for range 20 {
		old := load(t, s, alice()).Version
		errs := make(chan error)
		const writers = 8
		for range writers {
			go func() {
				_, err := s.Swap(t.Context(), alice(), old, record("b"))
				errs <- err
			}()
		}
		won := 0
		for range writers {
			switch err := <-errs; {
			case err == nil:
				won++
			case !errors.Is(err, token.ErrConflict):
				t.Error(err)
			}
		}
		if won != 1 {
			t.Errorf("%d of %d swaps of one version were made", won, writers)
		}
	}
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if is() {
			return
		}
	}
	t.Fatalf("not in %v: %s", patience, what)
}
