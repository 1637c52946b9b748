package redisstore

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/waltz-oauth/waltz/token"
)

// Get implements [token.Storage].
func (s *Storage) Get(ctx context.Context, key token.Key) (token.Record, error) {
	at, name, err := s.place(key)
	if err != nil {
		return token.Record{}, failed("get", key, err)
	}
	value, err := s.client.Get(ctx, at.head+name).Bytes()
	if err != nil {
		return token.Record{}, failed("get", key, err)
	}
	r, err := decode(value)
	return r, failed("get", key, err)
}

// Load implements [token.Versioned]. In a Cluster it asks no replica. Now is the clock of the server
// that has the key.
func (s *Storage) Load(ctx context.Context, key token.Key) (token.Record, error) {
	at, name, err := s.place(key)
	if err != nil {
		return token.Record{}, failed("load", key, err)
	}
	r, err := loaded(s.load.Run(ctx, s.client, []string{at.head + name}).Slice())
	return r, failed("load", key, err)
}

func loaded(answer []any, err error) (token.Record, error) {
	if err != nil {
		return token.Record{}, err
	}
	var value string
	var clock []any
	if len(answer) == 2 {
		value, _ = answer[0].(string)
		clock, _ = answer[1].([]any)
	}
	if value == "" {
		return token.Record{}, token.ErrNotFound
	}
	r, err := decode([]byte(value))
	if err != nil {
		return token.Record{}, err
	}
	r.Now, err = serverTime(clock)
	return r, err
}

// serverTime reads the answer of TIME: seconds and microseconds, as texts.
func serverTime(clock []any) (time.Time, error) {
	var parts [2]int64
	if len(clock) != len(parts) {
		return time.Time{}, errClock
	}
	for i := range parts {
		text, _ := clock[i].(string)
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return time.Time{}, errClock
		}
		parts[i] = n
	}
	return time.Unix(parts[0], parts[1]*int64(time.Microsecond)).UTC(), nil
}

var errClock = errors.New("the server's clock cannot be read")

// Set implements [token.Storage].
func (s *Storage) Set(ctx context.Context, key token.Key, r token.Record) error {
	_, _, err := s.put(ctx, s.set, key, r)
	return failed("set", key, err)
}

// Swap implements [token.Versioned].
func (s *Storage) Swap(ctx context.Context, key token.Key, old token.Version, r token.Record) (token.Version, error) {
	v, done, err := s.put(ctx, s.swap, key, r, string(old))
	if err == nil && done == 0 {
		err = token.ErrConflict
	}
	if err != nil {
		return "", failed("swap", key, err)
	}
	return v, nil
}

// put runs a script that stores r, and returns r's version and the script's answer.
func (s *Storage) put(ctx context.Context, sc script, key token.Key, r token.Record, more ...any) (token.Version, int64, error) {
	at, name, err := s.place(key)
	if err != nil {
		return "", 0, err
	}
	value, v, subject, err := encode(r)
	if err != nil {
		return "", 0, err
	}
	args := append([]any{value, s.channel(), name, indexed('u', key.User), subject, due(r)}, more...)
	done, err := s.write(ctx, sc, at, name, args)
	return v, done, err
}

// Delete implements [token.Storage].
func (s *Storage) Delete(ctx context.Context, key token.Key) error {
	at, name, err := s.place(key)
	if err == nil {
		_, err = s.write(ctx, s.delete, at, name, []any{s.channel(), name, indexed('u', key.User)})
	}
	return failed("delete", key, err)
}

func failed(op string, key token.Key, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, redis.Nil):
		err = token.ErrNotFound
	case redis.HasErrorPrefix(err, "WRONGTYPE"):
		err = errors.Join(errRecord, err)
	}
	return &token.Error{Op: op, Key: key, Err: err}
}
