package redisstore

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/waltz-oauth/waltz/token"
)

// Get implements [token.Storage].
func (s *Storage) Get(ctx context.Context, key token.Key) (token.Record, error) {
	r, err := s.get(ctx, key)
	return r, s.failed(ctx, "get", key, err)
}

func (s *Storage) get(ctx context.Context, key token.Key) (token.Record, error) {
	at, name, err := s.place(key)
	if err != nil {
		return token.Record{}, err
	}
	value, err := s.client.Get(ctx, at.head+name).Bytes()
	if err != nil {
		return token.Record{}, err
	}
	return decode(value)
}

// Load implements [token.Versioned]. In a Cluster it asks no replica. Now is the clock of the server
// that has the record. Where [Config] asks for replicas, and a Swap of this process at key may not be on
// enough of them, it waits for these, and fails with [ErrReplicas] rather than return what may be undone.
func (s *Storage) Load(ctx context.Context, key token.Key) (token.Record, error) {
	r, err := s.loaded(ctx, key)
	return r, s.failed(ctx, "load", key, err)
}

func (s *Storage) loaded(ctx context.Context, key token.Key) (token.Record, error) {
	at, name, err := s.place(key)
	if err != nil {
		return token.Record{}, err
	}
	answer, err := s.answer(ctx, key, at, name)
	if err != nil {
		return token.Record{}, err
	}
	if len(answer) < 3 { // the clock alone
		return token.Record{}, token.ErrNotFound
	}
	r, err := decode([]byte(answer[2]))
	if err != nil {
		return token.Record{}, err
	}
	sec, err1 := strconv.ParseInt(answer[0], 10, 64)
	us, err2 := strconv.ParseInt(answer[1], 10, 64)
	r.Now = time.Unix(sec, us*int64(time.Microsecond)).UTC()
	return r, errors.Join(err1, err2)
}

// answer runs the script for Load, or where a Swap is in doubt the one that waits for replicas.
func (s *Storage) answer(ctx context.Context, key token.Key, at *shard, name string) ([]string, error) {
	doubt := s.doubts.about(key)
	if doubt == 0 {
		return s.load.Run(ctx, s.client, []string{at.head + name}).StringSlice()
	}
	cmd, err := s.run(ctx, s.confirm, at, []any{1, at.head + name})
	if err != nil {
		return nil, err
	}
	s.doubts.settle(key, doubt)
	return cmd.StringSlice()
}

// Set implements [token.Storage].
func (s *Storage) Set(ctx context.Context, key token.Key, r token.Record) error {
	_, _, err := s.put(ctx, s.set, key, r)
	return s.failed(ctx, "set", key, err)
}

// Swap implements [token.Versioned].
func (s *Storage) Swap(ctx context.Context, key token.Key, old token.Version, r token.Record) (token.Version, error) {
	doubt := s.doubts.about(key)
	v, changed, err := s.put(ctx, s.swap, key, r, string(old))
	switch {
	case err != nil && v != "" && s.config.Replicas > 0:
		s.doubts.add(key)
	case err == nil && changed == 0:
		err = token.ErrConflict
	case err == nil:
		s.doubts.settle(key, doubt)
	}
	if err != nil {
		return "", s.failed(ctx, "swap", key, err)
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
	changed, err := s.write(ctx, sc, at, name, args...)
	return v, changed, err
}

// Delete implements [token.Storage].
func (s *Storage) Delete(ctx context.Context, key token.Key) error {
	at, name, err := s.place(key)
	if err == nil {
		_, err = s.write(ctx, s.delete, at, name, s.channel(), name, indexed('u', key.User))
	}
	return s.failed(ctx, "delete", key, err)
}
