package redisstore

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/redis/go-redis/v9"

	"github.com/waltz-oauth/waltz/token"
)

// List implements [token.Lister]. It costs what it finds and not what is stored, whichever of provider,
// user, subject and due is asked for. A list of what is due keeps the keys of all of that in memory.
func (s *Storage) List(ctx context.Context, f token.Filter) iter.Seq2[token.Entry, error] {
	return func(yield func(token.Entry, error) bool) {
		for page, err := range s.pages(ctx, f) {
			var entries []token.Entry
			if err == nil {
				entries, err = s.entries(ctx, page)
			}
			if err != nil {
				yield(token.Entry{}, s.failed(ctx, "list", token.Key{}, err))
				return
			}
			for _, e := range entries {
				if err := ctx.Err(); err != nil {
					yield(token.Entry{}, s.failed(ctx, "list", token.Key{}, err))
					return
				}
				// The record may have changed since the index was read, and the index is coarser.
				if f.Match(e.Key, e.Record) && !yield(e, nil) {
					return
				}
			}
		}
	}
}

// pageSize is how many records are read at a time and kept while a loop's body runs.
const pageSize = 500

// pages yields escaped keys in their order, no more than pageSize at a time, among them all that f matches.
func (s *Storage) pages(ctx context.Context, f token.Filter) iter.Seq2[[]string, error] {
	every := s.ordered
	if !f.Due.IsZero() && f.User == "" && f.Subject == "" {
		every = s.comingDue
	}
	return func(yield func([]string, error) bool) {
		for names, err := range every(ctx, f) {
			if err != nil {
				yield(nil, err)
				return
			}
			for page := range slices.Chunk(names, pageSize) {
				if !yield(page, nil) {
					return
				}
			}
		}
	}
}

// ordered reads the indexes of all shards from where the last reading ended, and yields keys as far
// as each of them was read.
func (s *Storage) ordered(ctx context.Context, f token.Filter) iter.Seq2[[]string, error] {
	in, head := s.shards, "k"
	switch {
	case f.User != "":
		in, head = []*shard{s.shard(token.Key{User: f.User})}, indexed('u', f.User)
	case f.Subject != "":
		head = indexed('s', f.Subject)
	}
	const least = 32
	most := max(pageSize/len(in), least)
	all := head
	if f.Provider != "" {
		all = string(append(escape([]byte(head), f.Provider), ' '))
	}
	from, to := "["+all, "("+all[:len(all)-1]+string(all[len(all)-1]+1)
	return func(yield func([]string, error) bool) {
		for more := true; more; {
			var found []string
			end := ""
			members, err := s.each(ctx, in, func(p redis.Pipeliner, at *shard) *redis.StringSliceCmd {
				return p.ZRangeByLex(ctx, at.index, &redis.ZRangeBy{Min: from, Max: to, Count: int64(most)})
			})
			more = false
			for _, m := range members {
				found = append(found, m...)
				if n := len(m); n == most && (!more || m[n-1] < end) {
					more, end = true, m[n-1]
				}
			}
			slices.Sort(found)
			if more {
				n, _ := slices.BinarySearch(found, end)
				found, from = found[:n+1], "("+end
			}
			for i := range found {
				found[i] = found[i][len(head):]
			}
			if !yield(found, err) {
				return
			}
		}
	}
}

// comingDue yields the keys of all that is due.
func (s *Storage) comingDue(ctx context.Context, f token.Filter) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		members, err := s.each(ctx, s.shards, func(p redis.Pipeliner, at *shard) *redis.StringSliceCmd {
			return p.ZRangeByScore(ctx, at.due, &redis.ZRangeBy{Min: "-inf", Max: score(f.Due)})
		})
		found := slices.Concat(members...)
		slices.Sort(found)
		yield(found, err)
	}
}

// each asks all shards at once, and returns their answers.
func (s *Storage) each(ctx context.Context, in []*shard, ask func(redis.Pipeliner, *shard) *redis.StringSliceCmd) ([][]string, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	pipe := s.client.Pipeline()
	cmds := make([]*redis.StringSliceCmd, len(in))
	for i, at := range in {
		cmds[i] = ask(pipe, at)
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, err
	}
	all := make([][]string, len(in))
	for i, cmd := range cmds {
		all[i] = cmd.Val()
	}
	return all, nil
}

// entries reads the records at escaped keys as far as their tokens, leaving out those that are gone.
func (s *Storage) entries(ctx context.Context, names []string) ([]token.Entry, error) {
	const usual = 1 << 10 // bytes, more than a record without its token has
	all := make([]token.Entry, len(names))
	cmds := make([]*redis.StringCmd, len(names))
	pipe := s.client.Pipeline()
	for i, name := range names {
		key, err := unescape(name)
		if err != nil {
			return nil, err
		}
		all[i].Key = key
		cmds[i] = pipe.GetRange(ctx, s.shard(key).head+name, 0, usual-1)
	}
	// A value of another type is an error of its own command.
	if _, err := pipe.Exec(ctx); err != nil && !redis.HasErrorPrefix(err, "WRONGTYPE") {
		return nil, err
	}
	found := all[:0]
	for i, cmd := range cmds {
		value, err := cmd.Bytes()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", all[i].Key, errForeign)
		}
		if len(value) == 0 {
			continue
		}
		r, _, err := decodeRecord(value)
		if err != nil && len(value) == usual {
			r, err = s.get(ctx, all[i].Key)
			r.Token = nil
			if errors.Is(err, redis.Nil) {
				continue
			}
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w: %w", all[i].Key, errRecord, err)
		}
		found = append(found, token.Entry{Key: all[i].Key, Record: r})
	}
	return found, nil
}
