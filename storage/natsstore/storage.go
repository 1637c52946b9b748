package natsstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/waltz-oauth/waltz/token"
)

// Get is [token.Storage]'s. It is answered by the bucket's leader, as Load is: a replica that lags would
// hand out tokens that were replaced, and fill caches with them. An entry that something else wrote is an
// error matching [ErrDamaged].
func (s *Storage) Get(ctx context.Context, key token.Key) (token.Record, error) {
	r, _, err := s.read(ctx, key)
	return r, s.failed("get", key, err)
}

// Load is [token.Versioned]'s. The record has no Now: a read of NATS does not say what time it is there.
func (s *Storage) Load(ctx context.Context, key token.Key) (token.Record, error) {
	r, _, err := s.read(ctx, key)
	return r, s.failed("load", key, err)
}

// Set is [token.Storage]'s.
func (s *Storage) Set(ctx context.Context, key token.Key, r token.Record) error {
	_, err := s.write(ctx, key, r)
	return s.failed("set", key, err)
}

// Swap is [token.Versioned]'s. The server compares revisions, which come again where a bucket is made
// anew, comes back from a backup, or lost its last writes with the power. So versions are texts of their
// own and are compared here, and the revision keeps anybody else from writing in between.
func (s *Storage) Swap(ctx context.Context, key token.Key, old token.Version, r token.Record) (token.Version, error) {
	version, err := s.swap(ctx, key, old, r)
	return version, s.failed("swap", key, err)
}

func (s *Storage) swap(ctx context.Context, key token.Key, old token.Version, r token.Record) (token.Version, error) {
	stored, revision, err := s.read(ctx, key)
	if errors.Is(err, token.ErrNotFound) || err == nil && stored.Version != old {
		return "", token.ErrConflict
	}
	if err != nil {
		return "", err
	}
	return s.write(ctx, key, r, jetstream.WithExpectLastSequencePerSubject(revision))
}

// Delete is [token.Storage]'s. NATS keeps a message that says so, without the token, which [Storage.Sweep]
// removes. The token's bytes may stay on the servers' disks until they use them for something else.
func (s *Storage) Delete(ctx context.Context, key token.Key) error {
	return s.failed("delete", key, s.delete(ctx, key))
}

func (s *Storage) delete(ctx context.Context, key token.Key) error {
	subject, err := s.subject(key)
	if err != nil {
		return nil //nolint:nilerr // it was refused when it was to be set, so it is absent
	}
	m := nats.NewMsg(subject)
	m.Header.Set(deletedHeader, deleted)
	return s.publish(ctx, m)
}

// read returns the record at key and its revision.
func (s *Storage) read(ctx context.Context, key token.Key) (token.Record, uint64, error) {
	if err := ctx.Err(); err != nil {
		return token.Record{}, 0, err
	}
	subject, err := s.subject(key)
	if err != nil {
		return token.Record{}, 0, token.ErrNotFound // it was refused when it was to be set
	}
	m, err := s.stream.GetLastMsgForSubject(ctx, subject)
	if errors.Is(err, jetstream.ErrMsgNotFound) || err == nil && gone(m.Header) {
		return token.Record{}, 0, token.ErrNotFound
	}
	if err != nil {
		return token.Record{}, 0, err
	}
	r, err := decode(m.Header, m.Data)
	return r, m.Sequence, err
}

func (s *Storage) write(ctx context.Context, key token.Key, r token.Record, on ...jetstream.PublishOpt) (token.Version, error) {
	subject, err := s.subject(key)
	if err != nil {
		return "", err
	}
	m, version, err := message(subject, r)
	if err != nil {
		return "", err
	}
	if err := s.publish(ctx, m, on...); err != nil {
		return "", err
	}
	return version, nil
}

func (s *Storage) publish(ctx context.Context, m *nats.Msg, on ...jetstream.PublishOpt) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	_, err := s.js.PublishMsg(ctx, m, on...)
	var refused *jetstream.APIError
	if !errors.As(err, &refused) {
		if errors.Is(err, nats.ErrMaxPayload) {
			err = fmt.Errorf("%w: %w", token.ErrTooLarge, err)
		}
		return err
	}
	switch refused.ErrorCode {
	case jetstream.JSErrCodeStreamWrongLastSequence, jetstream.JSErrCodeStreamWrongLastSequenceConstant:
		return token.ErrConflict
	case messageTooLarge, headerTooLarge:
		return fmt.Errorf("%w: %w", token.ErrTooLarge, err)
	default:
		return err
	}
}

// What a server answers, and the library has no name for.
const (
	messageTooLarge jetstream.ErrorCode = 10054
	headerTooLarge  jetstream.ErrorCode = 10097
)

func (s *Storage) failed(op string, key token.Key, err error) error {
	if err == nil {
		return nil
	}
	return &token.Error{Op: op, Key: key, Err: because(s.js.Conn(), err)}
}
