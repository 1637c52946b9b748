package redisstore_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/waltz-oauth/waltz/internal/enginetest"
	"github.com/waltz-oauth/waltz/storage/redisstore"
	"github.com/waltz-oauth/waltz/token"
)

// proxy stands before a Redis, and can keep its answers to itself.
type proxy struct {
	addr string
	mute atomic.Bool  // the answers of scripts are not given, and the connection is lost instead
	sent atomic.Int64 // scripts that were sent while it was mute
}

func newProxy(t *testing.T, to string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // nothing is waited for
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	p := &proxy{addr: l.Addr().String()}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", to) //nolint:noctx // nothing is waited for
			if err != nil {
				_ = c.Close()
				return
			}
			go p.pass(c, server)
		}
	}()
	return p
}

// pass hands each question on and then its answer; they are small enough to be read at once.
func (p *proxy) pass(client, server net.Conn) {
	defer client.Close()
	defer server.Close()
	b := make([]byte, 64<<10)
	for {
		n, err := client.Read(b)
		if err != nil {
			return
		}
		lost := p.mute.Load() && strings.Contains(string(b[:n]), "evalsha")
		if lost {
			p.sent.Add(1)
		}
		if _, err := server.Write(b[:n]); err != nil {
			return
		}
		n, err = server.Read(b)
		if err != nil || lost {
			return
		}
		if _, err := client.Write(b[:n]); err != nil {
			return
		}
	}
}

// A write whose answer is lost has been made, and is not made again over what others wrote since.
func TestWritesAreSentOnce(t *testing.T) {
	t.Parallel()
	behind, _, prefix := shared(t)
	p := newProxy(t, enginetest.Redis(t))
	client := redis.NewClient(&redis.Options{Addr: p.addr, MaxRetries: 3, DisableIdentity: true})
	defer client.Close()
	s := storage(t, client, redisstore.Config{Prefix: prefix})
	for _, c := range []struct {
		name string
		do   func(old token.Version) error
		kept string
	}{
		{"Set", func(token.Version) error { return s.Set(t.Context(), alice, record("b")) }, "fake-b"},
		{"Swap", func(old token.Version) error { _, err := s.Swap(t.Context(), alice, old, record("c")); return err }, "fake-c"},
		{"Delete", func(token.Version) error { return s.Delete(t.Context(), alice) }, ""},
	} {
		set(t, s, alice, record("a"))
		old := load(t, s, alice).Version
		for _, err := range []error{c.do(old)} { // the script is loaded, and the connection is there
			if err != nil {
				t.Fatal(err)
			}
		}
		set(t, s, alice, record("a"))
		old = load(t, s, alice).Version
		p.sent.Store(0)
		p.mute.Store(true)
		err := c.do(old)
		p.mute.Store(false)
		if err == nil || errors.Is(err, token.ErrConflict) {
			t.Errorf("%s: got error %v", c.name, err)
		}
		if n := p.sent.Load(); n != 1 {
			t.Errorf("%s was sent %d times", c.name, n)
		}
		r, err := behind.Get(t.Context(), alice)
		if c.kept == "" && !errors.Is(err, token.ErrNotFound) || c.kept != "" && (err != nil || r.Token.AccessToken != c.kept) {
			t.Errorf("%s was not made: there is %v, %v", c.name, r, err)
		}
	}
}

// A server that is silent is waited for until the context's deadline.
func TestDeadlineEndsACall(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it accepts, and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s := opened(t, "redis://"+l.Addr().String()+"?read_timeout=10m&dial_timeout=10m")
	for name, call := range map[string]func(context.Context) error{
		"Get":    func(ctx context.Context) error { _, err := s.Get(ctx, alice); return err },
		"Load":   func(ctx context.Context) error { _, err := s.Load(ctx, alice); return err },
		"Set":    func(ctx context.Context) error { return s.Set(ctx, alice, record("a")) },
		"Swap":   func(ctx context.Context) error { _, err := s.Swap(ctx, alice, "old", record("a")); return err },
		"Delete": func(ctx context.Context) error { return s.Delete(ctx, alice) },
		"Check":  s.Check,
		"List": func(ctx context.Context) (err error) {
			for _, err = range s.List(ctx, token.Filter{}) {
				continue
			}
			return err
		},
		"Watch": func(ctx context.Context) error { return s.Watch(ctx, func(token.Key) {}) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			if err := call(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got error %v", err)
			}
		})
	}
}
