package natsstore_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/waltz-oauth/waltz/storage/natsstore"
)

func TestBucketThatIsNotThereIsAnError(t *testing.T) {
	t.Parallel()
	js, bucket := connect(t, named(t))
	if _, err := natsstore.New(t.Context(), js, bucket); !errors.Is(err, natsstore.ErrNoBucket) || !strings.Contains(err.Error(), bucket) {
		t.Errorf("got error %v", err)
	}
}

func TestBucketIsMadeOnceByAllWhoMakeIt(t *testing.T) {
	t.Parallel()
	url := named(t)
	js, bucket := connect(t, url)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			if err := natsstore.CreateBucket(t.Context(), js, natsstore.Bucket{Name: bucket, Replicas: i % 2}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	s := open(t, url)
	set(t, s, alice(), record("a"))
	create(t, url)
	load(t, s, alice())
}

// A bucket as other clients of NATS make it will do.
func TestPlainBucketIsTaken(t *testing.T) {
	t.Parallel()
	url := named(t)
	js, bucket := connect(t, url)
	if _, err := js.CreateKeyValue(t.Context(), jetstream.KeyValueConfig{Bucket: bucket}); err != nil {
		t.Fatal(err)
	}
	create(t, url)
	s := open(t, url)
	set(t, s, alice(), record("a"))
	load(t, s, alice())
}

func TestBucketWithWrongSettingsIsRefused(t *testing.T) {
	t.Parallel()
	for says, change := range map[string]func(*jetstream.StreamConfig){
		"subjects":             func(c *jetstream.StreamConfig) { c.Subjects[0] = strings.TrimSuffix(c.Subjects[0], ">") + "github.>" },
		"memory":               func(c *jetstream.StreamConfig) { c.Storage = jetstream.MemoryStorage },
		"history":              func(c *jetstream.StreamConfig) { c.MaxMsgsPerSubject = 5 },
		"lapses":               func(c *jetstream.StreamConfig) { c.MaxAge = time.Hour },
		"when it is full":      func(c *jetstream.StreamConfig) { c.Discard = jetstream.DiscardOld },
		"consumers":            func(c *jetstream.StreamConfig) { c.Retention = jetstream.InterestPolicy },
		"acknowledges nothing": func(c *jetstream.StreamConfig) { c.NoAck = true },
	} {
		t.Run(says, func(t *testing.T) {
			t.Parallel()
			js, bucket := connect(t, named(t))
			c := jetstream.StreamConfig{
				Name: "KV_" + bucket, Subjects: []string{"$KV." + bucket + ".>"}, MaxMsgsPerSubject: 1,
				Discard: jetstream.DiscardNew, AllowDirect: true, AllowRollup: true, DenyDelete: true,
			}
			change(&c)
			if _, err := js.CreateStream(t.Context(), c); err != nil {
				t.Fatal(err)
			}
			_, err := natsstore.New(t.Context(), js, bucket)
			created := natsstore.CreateBucket(t.Context(), js, natsstore.Bucket{Name: bucket})
			for _, err := range []error{err, created} {
				if !errors.Is(err, natsstore.ErrWrongBucket) || !strings.Contains(err.Error(), says) {
					t.Errorf("got error %v, want one that says %q", err, says)
				}
			}
		})
	}
}

func TestBucketIsNamedAsNATSWants(t *testing.T) {
	t.Parallel()
	js, _ := connect(t, named(t))
	for _, name := range []string{"", "a.b", "a b", "*", ">"} {
		if err := natsstore.CreateBucket(t.Context(), js, natsstore.Bucket{Name: name}); err == nil {
			t.Errorf("bucket %q was made", name)
		}
		if _, err := natsstore.New(t.Context(), js, name); err == nil {
			t.Errorf("bucket %q was taken", name)
		}
	}
}

func TestClustersOfOldServersAreKnown(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]bool{
		"2.9.10":          true,
		"2.9.20":          true,
		"2.8.4":           true,
		"2.9.21":          false,
		"2.9.21-RC.1":     false,
		"2.10.0":          false,
		"3.0.0":           false,
		"of another kind": false,
	} {
		if got := natsstore.LetsTwoSwap(version); got != want {
			t.Errorf("%s: got %t, want %t", version, got, want)
		}
	}
}
