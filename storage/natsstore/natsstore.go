// Package natsstore keeps tokens in a key-value bucket of NATS JetStream, which every machine that
// reaches the servers sees.
//
// The bucket is made once, by [CreateBucket] or by "waltz migrate", and [New] refuses one whose
// settings would lose tokens or hand out old ones.
//
// What an acknowledged write survives is up to the servers. With one replica, and as NATS comes, it
// survives the death of the server's process; the disk has it up to two minutes later, so a machine
// that stops may take the last writes with it. Several replicas, or the server's setting
// sync_interval: always (from NATS 2.10 on), are for those who cannot have that.
package natsstore

import (
	"context"
	"errors"
	"fmt"
	neturl "net/url"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/waltz-oauth/waltz/token"
)

// Storage keeps records in a bucket. Its errors are [*token.Error].
type Storage struct {
	js      jetstream.JetStream
	stream  jetstream.Stream // that the bucket is
	bucket  string
	owned   bool
	silence time.Duration // in Watch: before the connection is tried, and then until it has to answer
}

var (
	_ token.Versioned = (*Storage)(nil)
	_ token.Lister    = (*Storage)(nil)
	_ token.Watcher   = (*Storage)(nil)
)

// New returns a storage in a bucket, which it asks the server for. It returns an error matching
// [ErrNoBucket] where there is none and [ErrWrongBucket] where it cannot be relied on.
//
// The connection of js must have been made with nats.ReconnectBufSize(-1). One that keeps what it could
// not send until it is connected again would store, then, tokens that are long out of date.
func New(ctx context.Context, js jetstream.JetStream, bucket string) (*Storage, error) {
	s, err := open(ctx, js, bucket)
	if err != nil {
		return nil, fmt.Errorf("natsstore: %w", because(js.Conn(), err))
	}
	return s, nil
}

func open(ctx context.Context, js jetstream.JetStream, bucket string) (*Storage, error) {
	if js.Conn().Opts.ReconnectBufSize >= 0 {
		return nil, errors.New("the connection would keep writes while it is down and send them later: make it with nats.ReconnectBufSize(-1)")
	}
	if o := js.Options(); o.Domain != "" || o.APIPrefix != "" {
		return nil, errors.New("a JetStream of another domain or prefix is not supported")
	}
	stream, err := check(ctx, js, bucket)
	if err != nil {
		return nil, err
	}
	return &Storage{js: js, stream: stream, bucket: bucket, silence: 10 * time.Second}, nil
}

// Open connects to the bucket that a URL names, nats://USER:PASSWORD@HOST:PORT/BUCKET, as [Connect] does,
// and returns a storage in it, as [New] does. Close the storage when done.
func Open(url string) (*Storage, error) {
	nc, bucket, err := Connect(url)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	js, err := jetstream.New(nc)
	if err != nil {
		nc.Close()
		return nil, fmt.Errorf("natsstore: %w", err)
	}
	s, err := New(ctx, js, bucket)
	if err != nil {
		nc.Close()
		return nil, err
	}
	s.owned = true
	return s, nil
}

// patience is how long a server has to answer where nobody says otherwise.
const patience = 5 * time.Second

// Connect returns a connection to the server that a URL names, and the bucket that it names. The URL is
// nats://USER:PASSWORD@HOST:PORT/BUCKET, or tls:// for TLS; more servers of a cluster may follow the first,
// each after a comma. The connection is mended for as long as it takes.
func Connect(url string) (nc *nats.Conn, bucket string, err error) {
	scheme, rest, _ := strings.Cut(url, "://")
	slash := strings.LastIndexByte(rest, '/')
	if scheme != "nats" && scheme != "tls" || slash <= 0 || slash == len(rest)-1 {
		return nil, "", errURL
	}
	const beat = 10 * time.Second
	servers := strings.ReplaceAll(rest[:slash], ",", ","+scheme+"://")
	nc, err = nats.Connect(scheme+"://"+servers,
		nats.Name("waltz"),
		nats.Timeout(patience),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(250*time.Millisecond),
		nats.ReconnectBufSize(-1), // see New
		nats.PingInterval(beat),
		nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}), // which would print; see because
	)
	if wrong := (*neturl.Error)(nil); errors.As(err, &wrong) {
		return nil, "", errURL
	}
	if err != nil {
		return nil, "", fmt.Errorf("natsstore: connecting: %w", err)
	}
	return nc, rest[slash+1:], nil
}

// errURL has neither the URL nor what is wrong in it, which may be the password.
var errURL = errors.New("natsstore: not a URL of the form nats://USER:PASSWORD@HOST:PORT/BUCKET")

// because adds, to an error that says that nothing was answered, what the connection was told meanwhile: a
// server does not answer what it forbids.
func because(nc *nats.Conn, err error) error {
	if told := nc.LastError(); told != nil && errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%w (the connection was told: %w)", err, told)
	}
	return err
}

// Close closes the connection of a storage that [Open] made. No method may be called after it.
func (s *Storage) Close() error {
	if s.owned {
		s.js.Conn().Close()
	}
	return nil
}

// Reach returns [token.Network].
func (s *Storage) Reach() token.Reach { return token.Network }
