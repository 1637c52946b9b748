package cache

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"time"

	"github.com/waltz-oauth/waltz/token"
)

// Backend is a cache that processes share: rediscache and memcache are such, and yours may be. Its
// methods are safe for concurrent use and stop when ctx is done, or soon after. Keys are 43 letters,
// digits, hyphens and underscores. What is lost counts as not there, so it may forget whatever it likes
// but a drop.
type Backend interface {
	// Get returns the value at key. Where there is none it returns nil and a lease to fill it with,
	// or "" if nobody can at present.
	Get(ctx context.Context, key string) (value []byte, lease Lease, err error)

	// Fill stores value at key for ttl if lease, which Get returned, still stands, in one step. If not
	// it does nothing, and that is no error.
	Fill(ctx context.Context, key string, lease Lease, value []byte, ttl time.Duration) (filled bool, err error)

	// Drop removes what is at key and ends all leases on it.
	Drop(ctx context.Context, key string) error
}

// Lease is the right to fill a key. It stands until the key is filled or dropped, or half a minute has
// passed. Several may have the same one.
type Lease string

// leaseTTL is how old what a lease has put there can have been.
const leaseTTL = 30 * time.Second

// recall returns what the backend has at key, or the lease to fill it, or neither.
func (s *Storage) recall(ctx context.Context, key token.Key) (*entry, Lease) {
	var value []byte
	var lease Lease
	ok := s.backend.use(ctx, key, func(ctx context.Context) (err error) {
		value, lease, err = s.c.Backend.Get(ctx, sharedKey(key))
		return err
	})
	if !ok || value == nil {
		return nil, lease
	}
	e, err := decode(key, value)
	if err != nil { // written by something else
		s.backend.send(ctx, key)
		return nil, ""
	}
	return e, ""
}

// remember puts e into the backend. It reports false if the lease has ended, so that e may be old.
func (s *Storage) remember(ctx context.Context, key token.Key, lease Lease, e *entry) bool {
	value, ttl := []byte{isAbsent}, s.c.absentTTL()
	if e.err == nil {
		var err error
		if value, err = encode(e.record); err != nil {
			return true // then only memory has it
		}
		ttl = s.c.sharedTTL()
	}
	filled := true
	s.backend.use(ctx, key, func(ctx context.Context) error {
		is, err := s.c.Backend.Fill(ctx, sharedKey(key), lease, value, ttl)
		filled = is || err != nil
		return err
	})
	return filled
}

// dropShared is what the link to the backend sends.
func (s *Storage) dropShared(ctx context.Context, key token.Key) error {
	return s.c.Backend.Drop(ctx, sharedKey(key))
}

// sharedKey is short whatever the key is, and shows nobody's name.
func sharedKey(key token.Key) string {
	sum := sha256.Sum256([]byte(format(key)))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// A value begins with what it is. A record's version follows, with its length before it, and then its JSON.
const (
	isAbsent = 'a'
	isRecord = 'r'
)

func encode(r token.Record) ([]byte, error) {
	b := binary.AppendUvarint([]byte{isRecord}, uint64(len(r.Version)))
	return r.AppendJSON(append(b, r.Version...))
}

func decode(key token.Key, value []byte) (*entry, error) {
	if string(value) == string(isAbsent) {
		return absent(key), nil
	}
	if len(value) < 2 || value[0] != isRecord {
		return nil, errValue
	}
	length, n := binary.Uvarint(value[1:])
	if n <= 0 {
		return nil, errValue
	}
	rest := value[1+n:]
	if length > uint64(len(rest)) {
		return nil, errValue
	}
	e := new(entry)
	if err := e.record.UnmarshalJSON(rest[length:]); err != nil {
		return nil, err
	}
	e.record.Version = token.Version(rest[:length])
	return e, nil
}

var errValue = errors.New("cache: not a cached record")
