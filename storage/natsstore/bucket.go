package natsstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/nats-io/nats.go/jetstream"
)

// What is wrong with a bucket; match with [errors.Is].
var (
	ErrNoBucket    = errors.New("there is no such bucket")
	ErrWrongBucket = errors.New("the bucket has other settings than tokens need")
)

// Bucket says what bucket to make.
type Bucket struct {
	Name     string // letters, digits, hyphens and underscores
	Replicas int    // how many servers of the cluster have it; 0: one
}

// CreateBucket makes a bucket. Where there is one already with the settings that it needs, it does
// nothing, whatever the number of replicas; doing it several times at once does no harm.
func CreateBucket(ctx context.Context, js jetstream.JetStream, b Bucket) error {
	_, err := js.CreateStream(ctx, b.config())
	if err != nil {
		// There may be one.
		if _, wrong := check(ctx, js, b.Name); !errors.Is(wrong, ErrNoBucket) {
			err = wrong
		}
	}
	if err != nil {
		return fmt.Errorf("natsstore: %w", because(js.Conn(), err))
	}
	return nil
}

// config is that of a bucket as any client of NATS makes it, but for direct reads where there are several
// replicas: any of them would answer those, with what it has got so far.
func (b Bucket) config() jetstream.StreamConfig {
	return jetstream.StreamConfig{
		Name:              streamName(b.Name),
		Description:       "tokens of waltz",
		Subjects:          []string{subjects(b.Name) + ">"},
		MaxMsgsPerSubject: 1,
		MaxMsgs:           -1,
		MaxBytes:          -1,
		MaxMsgSize:        -1,
		MaxConsumers:      -1,
		Storage:           jetstream.FileStorage,
		Replicas:          max(1, b.Replicas),
		Discard:           jetstream.DiscardNew,
		DenyDelete:        true,
		AllowRollup:       true,
		AllowDirect:       b.Replicas <= 1,
	}
}

// streamName and subjects are how NATS calls what a bucket is made of.
func streamName(bucket string) string { return "KV_" + bucket }
func subjects(bucket string) string   { return "$KV." + bucket + "." }

// check returns the stream of a bucket that can be relied on.
func check(ctx context.Context, js jetstream.JetStream, bucket string) (jetstream.Stream, error) {
	stream, err := js.Stream(ctx, streamName(bucket))
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return nil, fmt.Errorf("%w: %q: make it with CreateBucket, or waltz migrate", ErrNoBucket, bucket)
	}
	if err != nil {
		return nil, err
	}
	c := stream.CachedInfo().Config
	var wrong []string
	for _, setting := range []struct {
		says string
		is   bool
	}{
		{"it has other subjects", len(c.Subjects) != 1 || c.Subjects[0] != subjects(bucket)+">"},
		{"it is in memory", c.Storage != jetstream.FileStorage},
		{"its history is not 1", c.MaxMsgsPerSubject != 1},
		{"what is in it lapses", c.MaxAge != 0},
		{"it throws out what consumers have read", c.Retention != jetstream.LimitsPolicy},
		{"it throws out old tokens when it is full", c.Discard != jetstream.DiscardNew},
		{"it acknowledges nothing", c.NoAck},
		{"any of its replicas answers (allow direct)", c.AllowDirect && c.Replicas > 1},
		{"it is a copy of others", c.Mirror != nil || len(c.Sources) > 0},
	} {
		if setting.is {
			wrong = append(wrong, setting.says)
		}
	}
	if version := js.Conn().ConnectedServerVersion(); c.Replicas > 1 && before(version, clusterSwaps) {
		wrong = append(wrong, "it has replicas, and NATS "+version+" lets two writers swap one version there: 2.9.21 does not")
	}
	if len(wrong) > 0 {
		return nil, fmt.Errorf("%w: %q: %s", ErrWrongBucket, bucket, strings.Join(wrong, "; "))
	}
	return stream, nil
}

// clusterSwaps is the first version of NATS that compares the revision in one step with the write where there
// are replicas (nats-server issue 4320).
var clusterSwaps = [...]int{2, 9, 21} //nolint:gochecknoglobals // a constant, which Go cannot write as one

// before reports whether version, such as 2.9.10, comes before another.
func before(version string, other [3]int) bool {
	var is [3]int
	_, err := fmt.Sscanf(version, "%d.%d.%d", &is[0], &is[1], &is[2])
	return err == nil && slices.Compare(is[:], other[:]) < 0
}
