package storages

import (
	"context"
	"strings"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/waltz-oauth/waltz/storage/natsstore"
)

// BucketUsage is the URL of a bucket.
const BucketUsage = "nats://USER:PASSWORD@HOST/BUCKET" //nolint:gosec // that is no password

// IsBucket reports whether name, a URL, names a bucket of NATS.
func IsBucket(name string) bool {
	return strings.HasPrefix(name, "nats:") || strings.HasPrefix(name, "tls:")
}

// MakeBucket makes the bucket that name names, unless it is there already as it should be.
func MakeBucket(ctx context.Context, name string, replicas int) error {
	nc, bucket, err := natsstore.Connect(name)
	if err != nil {
		return err
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		return err
	}
	return natsstore.CreateBucket(ctx, js, natsstore.Bucket{Name: bucket, Replicas: replicas})
}
